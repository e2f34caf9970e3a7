#include "jq_program.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
extern "C" void __lsan_disable();
extern "C" void __lsan_enable();
#endif

namespace dynamigrate::authoring {

using base::Error;
using base::ErrorKind;

namespace {

/// Before the program, on a line of its own.
constexpr std::string_view kPrelude =
    "def env: error(\"a migration sees no environment\");"
    " def halt: error(\"halt cannot be used in a migration\"); def halt_error: halt;"
    " def halt_error(code): halt; {} as $ENV |\n";

std::string text_of(const JqValue& value) {
    return {jv_string_value(value.get()),
            static_cast<std::size_t>(jv_string_length_bytes(value.copy()))};
}

/// What `error(...)` raised, as text.
std::string raised_text(jv message) {
    const JqValue value(message);
    return value.kind() == JV_KIND_STRING ? text_of(value)
                                          : text_of(JqValue(jv_dump_string(value.copy(), 0)));
}

/// Compiles; libjq forgets some memory of what has a wrong syntax, which no leak checker shall tell.
bool compile(jq_state* state, const std::string& program, jv values) {
#if defined(__SANITIZE_ADDRESS__)
    __lsan_disable();
#endif
    const bool is_compiled = jq_compile_args(state, program.c_str(), values) != 0;
#if defined(__SANITIZE_ADDRESS__)
    __lsan_enable();
#endif
    return is_compiled;
}

/// libjq's messages of one compilation.
struct Complaints {
    std::vector<std::string> texts;

    static void receive(void* self, jv message) {
        const JqValue text(jq_format_error(message));
        static_cast<Complaints*>(self)->texts.push_back(text_of(text));
    }
};

struct Place {
    std::string message;
    int line = 1;  ///< of the program
    std::string excerpt;
};

/// Takes "jq: error: MESSAGE at <top-level>, line N:\nEXCERPT" apart.
Place place_of(const std::string& complaint) {
    static const std::regex kForm(R"(^jq: error: ([^]*) at <[^>]*>, line (\d+):\n([^]*)$)");
    std::smatch match;
    if (!std::regex_match(complaint, match, kForm)) {
        return {complaint, 1, {}};
    }
    Place place{match[1], std::max(1, std::stoi(match[2]) - 1), match[3]};
    place.message = std::regex_replace(
        place.message, std::regex(R"( \(Unix shell quoting issues\?\))"), std::string());
    const auto is_space = [](unsigned char c) { return std::isspace(c) != 0; };
    auto& excerpt = place.excerpt;
    excerpt.erase(std::find_if_not(excerpt.rbegin(), excerpt.rend(), is_space).base(),
                  excerpt.end());
    excerpt.erase(excerpt.begin(), std::find_if_not(excerpt.begin(), excerpt.end(), is_space));
    return place;
}

/// The file's line that holds the program's: a block begins on the line after its mark, anything
/// else on its own.
std::string where_in_file(const JqText& text, const Place& place) {
    std::vector<std::string> lines{""};
    std::error_code failure;
    if (std::filesystem::is_regular_file(text.file, failure)) {
        const std::string content = base::read_file(text.file);
        for (const char c : content) {
            if (c == '\n') {
                lines.emplace_back();
            } else {
                lines.back().push_back(c);
            }
        }
    }
    for (const int line : {text.line + place.line, text.line + place.line - 1}) {
        const auto index = static_cast<std::size_t>(line - 1);
        if (!place.excerpt.empty() && line > 0 && index < lines.size()) {
            const std::size_t column = lines[index].find(place.excerpt);
            if (column != std::string::npos) {
                return fmt::format("{}:{}:{}", text.file, line, column + 1);
            }
        }
    }
    return fmt::format("{}:{}:{}", text.file, text.line, text.column);
}

[[noreturn]] void fail_to_compile(const JqText& text, const Complaints& complaints) {
    const Place place =
        place_of(complaints.texts.empty() ? "it does not compile" : complaints.texts.front());
    std::string message = "jq: " + place.message;
    if (!place.excerpt.empty()) {
        message += fmt::format(", in line {} of the program: {}", place.line, place.excerpt);
    }
    throw Error(ErrorKind::invalid_argument, message).at(where_in_file(text, place));
}

jv variables(const JqRun& run) {
    jv values = jv_object_set(jv_object(), jv_string("id"), jv_string(run.id.c_str()));
    values = jv_object_set(values, jv_string("started_at"), jv_string(run.started_at.c_str()));
    return jv_object_set(jv_object(), jv_string("run"), values);
}

}  // namespace

JqProgram::JqProgram(const JqText& text, const JqRun& run) : state_(jq_init()) {
    if (state_ == nullptr) {
        throw Error(ErrorKind::internal, "no memory for jq");
    }
    Complaints complaints;
    jq_set_error_cb(state_, Complaints::receive, &complaints);
    const std::string program = std::string(kPrelude) + text.program;
    const bool has_zero = text.program.find('\0') != std::string::npos;
    const bool is_compiled = !has_zero && compile(state_, program, variables(run));
    jq_set_error_cb(state_, nullptr, nullptr);
    if (!is_compiled) {
        jq_teardown(&state_);
        fail_to_compile(text, complaints);
    }
}

JqProgram::~JqProgram() { jq_teardown(&state_); }

void JqProgram::start(const JqValue& input) { jq_start(state_, input.copy(), 0); }

std::optional<JqValue> JqProgram::next() {
    JqValue result(jq_next(state_));
    if (result.kind() != JV_KIND_INVALID) {
        return result;
    }
    if (jv_invalid_has_msg(result.copy()) != 0) {
        throw Error(ErrorKind::invalid_argument, raised_text(jv_invalid_get_msg(result.copy())));
    }
    return std::nullopt;
}

void JqProgram::halt() {
    if (jq_halted(state_) == 0) {
        jq_halt(state_, jv_invalid(), jv_invalid());
    }
}

}  // namespace dynamigrate::authoring
