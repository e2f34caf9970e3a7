// Answers each line "json5 BASE64" or "json BASE64" of standard input with one line of JSON: the
// document's value with its types spelled out, or {"error": text}. compare.mjs asks.
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include <iostream>
#include <string>

namespace {

using dynamigrate::json::Value;
using dynamigrate::json::Writer;

/// Writes null, true, ["number", text], ["string", text], ["array", [...]] and
/// ["object", [[key, value], ...]].
void write(Writer& out, const Value& value) {
    switch (value.type()) {
        case Value::Type::null:
            out.null();
            return;
        case Value::Type::boolean:
            out.boolean(value.as_boolean());
            return;
        case Value::Type::number:
        case Value::Type::string:
            out.begin_array().string(to_string(value.type())).string(value.text()).end_array();
            return;
        case Value::Type::array:
            out.begin_array().string("array").begin_array();
            for (const Value& element : value.elements()) {
                write(out, element);
            }
            break;
        case Value::Type::object:
            out.begin_array().string("object").begin_array();
            for (const Value::Member& member : value.members()) {
                out.begin_array().string(member.key);
                write(out, member.value);
                out.end_array();
            }
            break;
    }
    out.end_array().end_array();
}

std::string answer(const std::string& dialect, const std::string& document) {
    std::string out;
    Writer writer(out);
    try {
        const Value value = dialect == "json"
                                ? dynamigrate::json::parse_json(document, "document")
                                : dynamigrate::json::parse_json5(document, "document");
        write(writer, value);
    } catch (const dynamigrate::base::Error& error) {
        writer.begin_object().key("error").string(error.what()).end_object();
    }
    return out;
}

}  // namespace

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        const std::size_t space = line.find(' ');
        std::string document;
        if (space == std::string::npos ||
            !dynamigrate::base::append_base64_decoded(document, line.substr(space + 1))) {
            std::cerr << "not a question: " << line << "\n";
            return 1;
        }
        std::cout << answer(line.substr(0, space), document) << "\n";
    }
}
