#include "plugin_file.hpp"

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/migrate/plugin_abi.hpp>

#include <fmt/format.h>

#include <dlfcn.h>
#include <elf.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace dynamigrate::authoring {

using base::Error;
using base::ErrorKind;
using migrate::Migration;

namespace {

using MakeFunction = void (*)(Migration*);

constexpr const char* kMakeSymbol = "dynamigrate_plugin_make";

#if defined(__x86_64__)
constexpr auto kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr auto kMachine = EM_AARCH64;
#else
constexpr auto kMachine = EM_NONE;
#endif

Error refusal(const std::filesystem::path& file, const std::string& why,
              const std::string& remedy) {
    return Error(ErrorKind::failed_precondition,
                 fmt::format("the plug-in cannot be loaded: {}; {}", why, remedy))
        .at(file.string());
}

template <class T>
T read_at(std::string_view bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

bool reaches_beyond(std::string_view bytes, std::uint64_t offset, std::uint64_t size) {
    return offset > bytes.size() || size > bytes.size() - offset;
}

void check(const std::filesystem::path& file, std::string_view bytes) {
    constexpr const char* kRemedy = "build it by dynamigrate_add_plugin (see docs/library.md)";
    if (std::string wrong = what_is_wrong_with_elf(bytes); !wrong.empty()) {
        throw refusal(file, wrong, kRemedy);
    }
    const std::string_view found = abi_in(bytes);
    if (found.empty()) {
        throw refusal(file,
                      "it is not a plug-in of dynamigrate: it does not say for which version "
                      "it was built",
                      kRemedy);
    }
    const migrate::PluginAbi own = migrate::plugin_abi();
    const std::string_view wanted = own.view().substr(migrate::kPluginMark.size());
    if (found != wanted) {
        throw refusal(
            file, fmt::format("it was built for \"{}\", but this program is \"{}\"", found, wanted),
            "build it again with this version of dynamigrate and its compiler");
    }
}

MakeFunction open(const std::filesystem::path& file) {
    // Its code stays for as long as the process lives: steps of its migration are made of it.
    void* opened =
        dlopen(std::filesystem::absolute(file).c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (opened == nullptr) {
        const char* why = dlerror();
        throw refusal(file, why == nullptr ? "unknown reason" : why,
                      "a program of one's own must be built with dynamigrate_load_plugins");
    }
    void* symbol = dlsym(opened, kMakeSymbol);
    dlclose(opened);
    if (symbol == nullptr) {
        throw refusal(file, fmt::format("it has no symbol {}", kMakeSymbol),
                      "end its source with DYNAMIGRATE_PLUGIN(...)");
    }
    return reinterpret_cast<MakeFunction>(symbol);
}

}  // namespace

std::string what_is_wrong_with_elf(std::string_view bytes) {
    if (bytes.size() < sizeof(Elf64_Ehdr) ||
        !bytes.starts_with(std::string_view(ELFMAG, SELFMAG))) {
        return "it is not a shared object";
    }
    const auto header = read_at<Elf64_Ehdr>(bytes, 0);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != kMachine) {
        return "it is for another kind of processor";
    }
    if (header.e_type != ET_DYN) {
        return "it is not a shared object";
    }
    const std::uint64_t segments = std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
    const std::uint64_t sections = std::uint64_t{header.e_shnum} * header.e_shentsize;
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
        reaches_beyond(bytes, header.e_phoff, segments) ||
        reaches_beyond(bytes, header.e_shoff, sections)) {
        return "the file is cut off";
    }
    for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
        const auto segment = read_at<Elf64_Phdr>(bytes, header.e_phoff + i * sizeof(Elf64_Phdr));
        if (segment.p_type != PT_NULL &&
            reaches_beyond(bytes, segment.p_offset, segment.p_filesz)) {
            return "the file is cut off";
        }
    }
    return {};
}

std::string_view abi_in(std::string_view bytes) {
    const std::size_t mark = bytes.find(migrate::kPluginMark);
    if (mark == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = bytes.substr(mark + migrate::kPluginMark.size());
    return rest.substr(0, std::min(rest.find('\0'), sizeof(migrate::PluginAbi)));
}

Migration load_plugin(const std::filesystem::path& file, const std::string& id) {
    const std::string bytes = base::read_file(file);
    check(file, bytes);
    Migration migration(id);
    try {
        open(file)(&migration);
    } catch (const Error& error) {
        throw error.where() == file.string() ? error : Error(error).at(file.string());
    } catch (const std::exception& error) {
        throw refusal(file, fmt::format("its code failed: {}", error.what()), "correct it");
    }
    if (migration.id() != id) {
        throw refusal(
            file,
            fmt::format("its migration is {}, but the file's name says {}", migration.id(), id),
            "rename the file or correct the migration");
    }
    migration.from(file.string(), base::sha256_hex(bytes));
    return migration;
}

}  // namespace dynamigrate::authoring
