#include <dynamigrate/authoring/yaml.hpp>

#include <dynamigrate/json/json5.hpp>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <sstream>

namespace dynamigrate::authoring {

using base::Error;
using base::ErrorKind;
using base::TextPosition;
using json::Value;

namespace {

constexpr int kMaxDepth = 256;
constexpr std::size_t kMaxNodes = 300'000;

[[noreturn]] void fail(const std::string& file, const YAML::Mark& mark,
                       const std::string& message) {
    TextPosition place{file, mark.is_null() ? 0 : mark.line + 1,
                       mark.is_null() ? 0 : mark.column + 1};
    throw Error(ErrorKind::invalid_argument, message).at(place.to_string());
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
bool is_json_number(std::string_view text) {
    std::size_t at = text.starts_with('-') ? 1 : 0;
    const auto digits = [&] {
        const std::size_t start = at;
        while (at < text.size() && is_digit(text[at])) {
            ++at;
        }
        return at - start;
    };
    const std::size_t integer_start = at;
    const std::size_t integer = digits();
    if (integer == 0 || (integer > 1 && text[integer_start] == '0')) {
        return false;
    }
    if (at < text.size() && text[at] == '.') {
        ++at;
        if (digits() == 0) {
            return false;
        }
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
            ++at;
        }
        if (digits() == 0) {
            return false;
        }
    }
    return at == text.size();
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

bool consists_of(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_date(std::string_view text) {
    return text.size() >= 8 && is_digit(text[0]) && is_digit(text[1]) && is_digit(text[2]) &&
           is_digit(text[3]) && text[4] == '-' && is_digit(text[5]) &&
           consists_of(text, "0123456789-:.TtZz+ ");
}

/// Why a plain scalar means different things to different YAMLs; empty when it does not.
std::string_view ambiguity(std::string_view text) {
    static constexpr std::array<std::string_view, 4> kBooleans{"yes", "no", "on", "off"};
    static constexpr std::array<std::string_view, 6> kSpecial{".inf", "-.inf", "+.inf",
                                                              ".nan", "-.nan", "+.nan"};
    const std::string small = lower(text);
    if (std::find(kBooleans.begin(), kBooleans.end(), small) != kBooleans.end()) {
        return "a boolean in older YAML";
    }
    if (std::find(kSpecial.begin(), kSpecial.end(), small) != kSpecial.end()) {
        return "a number that DynamoDB does not have";
    }
    if (is_date(text)) {
        return "a date in older YAML";
    }
    std::string_view number = small;
    if (number.starts_with('+') || number.starts_with('-')) {
        number.remove_prefix(1);
    }
    if (number.empty() || !(is_digit(number[0]) || number[0] == '.') ||
        std::none_of(number.begin(), number.end(), is_digit)) {
        return {};
    }
    const bool is_radix =
        number.size() > 2 && number[0] == '0' &&
        ((number[1] == 'x' && consists_of(number.substr(2), "0123456789abcdef_")) ||
         (number[1] == 'o' && consists_of(number.substr(2), "01234567_")) ||
         (number[1] == 'b' && consists_of(number.substr(2), "01_")));
    const bool has_one_point = std::count(number.begin(), number.end(), '.') <= 1;
    if (is_radix || (has_one_point && consists_of(number, "0123456789_.")) ||
        (has_one_point && number.find('e') != std::string_view::npos &&
         consists_of(number, "0123456789_.e+-"))) {
        return "a number in another spelling";
    }
    return {};
}

Value read_plain(const std::string& text, const std::string& file, const YAML::Mark& mark) {
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
        return Value();
    }
    if (text == "true" || text == "True" || text == "TRUE") {
        return Value::boolean(true);
    }
    if (text == "false" || text == "False" || text == "FALSE") {
        return Value::boolean(false);
    }
    if (is_json_number(text)) {
        return Value::number(text);
    }
    if (const std::string_view why = ambiguity(text); !why.empty()) {
        fail(file, mark,
             "`" + text + "` is " + std::string(why) + "; quote it if it is text: \"" + text +
                 "\", else write it as JSON does");
    }
    return Value::string(text);
}

/// What the parser says, with what to do where its words do not tell.
std::string explained(const std::string& said) {
    static const std::map<std::string, std::string, std::less<>> kRemedies{
        {"end of map flow not found", "; a `{` is not closed before this place"},
        {"end of sequence flow not found", "; a `[` is not closed before this place"},
        {"illegal block entry", "; indent with spaces, the same for each entry of a list"},
        {"the referenced anchor is not defined",
         "; write `&name` where it stands first, or quote the text"},
    };
    const auto remedy = kRemedies.find(said);
    return remedy == kRemedies.end() ? said : said + remedy->second;
}

/// Turns yaml-cpp's nodes into the tree.
class Converter {
public:
    explicit Converter(const std::string& file) : file_(file) {}

    Value convert(const YAML::Node& node, int depth) {
        if (depth > kMaxDepth || ++nodes_ > kMaxNodes) {
            fail(file_, node.Mark(), "the document is nested too deeply or expands too far");
        }
        Value value = content(node, depth);
        const YAML::Mark mark = node.Mark();
        if (!mark.is_null()) {
            value.line = mark.line + 1;
            value.column = mark.column + 1;
        }
        if (node.IsDefined() && node.Tag().size() > 1 && node.Tag()[0] == '!') {
            value.tag = known_tag(node);
        }
        return value;
    }

private:
    std::string known_tag(const YAML::Node& node) const {
        static constexpr std::array<std::string_view, 4> kTags{"!ss", "!ns", "!bs", "!b"};
        if (std::find(kTags.begin(), kTags.end(), node.Tag()) == kTags.end()) {
            fail(file_, node.Mark(),
                 "unknown tag `" + node.Tag() + "`; known are !ss, !ns, !bs and !b");
        }
        return node.Tag();
    }

    Value content(const YAML::Node& node, int depth) {
        switch (node.Type()) {
            case YAML::NodeType::Scalar:
                return node.Tag() == "?" ? read_plain(node.Scalar(), file_, node.Mark())
                                         : Value::string(node.Scalar());
            case YAML::NodeType::Sequence: {
                Value list = Value::array();
                for (const YAML::Node& element : node) {
                    list.elements().push_back(convert(element, depth + 1));
                }
                return list;
            }
            case YAML::NodeType::Map:
                return map(node, depth);
            default:
                return Value();
        }
    }

    Value map(const YAML::Node& node, int depth) {
        Value object = Value::object();
        std::set<std::string> keys;
        for (const auto& member : node) {
            if (!member.first.IsScalar()) {
                fail(file_, member.first.Mark(), "a key must be a text, not a list or a map");
            }
            const std::string& key = member.first.Scalar();
            if (!keys.insert(key).second) {
                fail(file_, member.first.Mark(), "the key `" + key + "` stands here twice");
            }
            const YAML::Mark mark = member.first.Mark();
            object.members().push_back(
                {key, convert(member.second, depth + 1), mark.line + 1, mark.column + 1});
        }
        return object;
    }

    const std::string& file_;
    std::size_t nodes_ = 0;
};

/// Notes where the last document begins, and its first node.
class DocumentStart final : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark& mark) override {
        document_ = mark;
        node_ = YAML::Mark::null_mark();
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { note(mark); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { note(mark); }
    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  const std::string&) override {
        note(mark);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        note(mark);
    }
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {
        note(mark);
    }
    void OnMapEnd() override {}

    const YAML::Mark& document() const noexcept { return document_; }
    const YAML::Mark& node() const noexcept { return node_; }

private:
    void note(const YAML::Mark& mark) {
        if (node_.is_null()) {
            node_ = mark;
        }
    }

    YAML::Mark document_ = YAML::Mark::null_mark();
    YAML::Mark node_ = YAML::Mark::null_mark();
};

bool begins_with_dashes(std::string_view text, int line) {
    for (; line > 0; --line) {
        text.remove_prefix(std::min(text.size(), text.find('\n')));
        text.remove_prefix(std::min<std::size_t>(text.size(), 1));
    }
    return text.starts_with("---");
}

/// The parser takes what it cannot read for the beginning of one more document, again and again:
/// so the second one is looked at before all are made.
YAML::Node load_only(std::string_view text, const std::string& file) {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    DocumentStart start;
    if (!parser.HandleNextDocument(start)) {
        throw Error(ErrorKind::invalid_argument, "the file is empty").at(file);
    }
    if (parser.HandleNextDocument(start)) {
        if (begins_with_dashes(text, start.document().line)) {
            fail(file, start.node(), "a second YAML document begins here; one is expected");
        }
        fail(file, start.node(),
             "this does not belong to what stands before it: indent it, or quote it");
    }
    return YAML::Load(std::string(text));
}

}  // namespace

Value parse_yaml(std::string_view text, const std::string& file) {
    json::require_utf8(text, file);
    YAML::Node document;
    try {
        document = load_only(text, file);
    } catch (const YAML::Exception& error) {
        fail(file, error.mark, explained(error.msg));
    }
    return Converter(file).convert(document, 0);
}

}  // namespace dynamigrate::authoring
