#include "fuzz.hpp"

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/layers/journal.hpp>

#include <fstream>
#include <string>

using namespace dynamigrate;

namespace {

void append_u32(std::string& out, std::size_t number) {
    for (int byte = 0; byte < 4; ++byte) {
        out.push_back(static_cast<char>(number >> (8 * byte)));
    }
}

/// A frame with its right checksum, so that what is inside is read.
void append_frame(std::string& out, char type, std::string_view body) {
    std::string checked;
    append_u32(checked, body.size());
    checked.push_back(type);
    checked.append(body);
    append_u32(out, base::crc32(checked));
    out.append(checked);
}

/// The input's first byte is a frame's type (0: the rest stands as it is), the second one the
/// length of its body.
std::string make_part(std::string_view input) {
    std::string part("DMJRNL\x01\n", 8);
    append_frame(part, 1, R"({"format":1,"run":"r","attempt":1,"lane":0,"fence":1,"tool":""})");
    while (input.size() >= 2) {
        if (input[0] == 0) {
            part.append(input.substr(1));
            break;
        }
        const auto length = static_cast<unsigned char>(input[1]);
        append_frame(part, static_cast<char>(input[0] & 3), input.substr(2, length));
        input.remove_prefix(std::min<std::size_t>(input.size(), 2 + length));
    }
    return part;
}

void read_all(layers::Journal& journal, bool newest_first) {
    std::uint64_t entries = 0;
    const auto all = [](const layers::JournalPage&) { return true; };
    const auto visit = [&](const layers::JournalPage&, const layers::JournalEntry& entry,
                           layers::EntryOutcome) {
        ++entries;
        (void)dynamodb::to_wire_json(entry.key);
        (void)dynamodb::to_wire_json(entry.before);
        (void)dynamodb::to_wire_json(entry.after);
    };
    const auto result =
        newest_first ? journal.read_newest_first(all, visit) : journal.read(all, visit);
    fuzz::expect(result.entries == entries, "as many entries as told");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const base::TemporaryDirectory kDirectory;
    static const auto kJournal = [] {
        std::filesystem::create_directories(kDirectory.path() / "r");
        return layers::open_directory_journal(kDirectory.path(), "r");
    }();
    std::ofstream(kDirectory.path() / "r" / "part-000001-0000.dmj", std::ios::binary)
        << make_part(fuzz::text_of(bytes, size));
    const bool is_read = fuzz::accepts([&] { read_all(*kJournal, false); });
    fuzz::expect(is_read == fuzz::accepts([&] { read_all(*kJournal, true); }), "both ways alike");
    return 0;
}
