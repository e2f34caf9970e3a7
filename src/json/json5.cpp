#include <dynamigrate/json/json5.hpp>

#include "literals.hpp"
#include "scanner.hpp"

#include <unordered_map>

namespace dynamigrate::json {

namespace {

constexpr int kDeepest = 512;

/// Reads a value by recursive descent; JSON is the same grammar with fewer liberties.
class Parser {
public:
    Parser(std::string_view text, const std::string& file, Dialect dialect)
        : scanner_(text, file, dialect) {}

    Value read_document() {
        scanner_.skip_blanks();
        Value value = read_value();
        scanner_.skip_blanks();
        if (scanner_.peek() != Scanner::kEnd) {
            scanner_.fail_expected("nothing more");
        }
        return value;
    }

private:
    Value read_value() {
        const Scanner::Place place = scanner_.place_of(scanner_.offset());
        Value value = read_unplaced_value();
        value.line = place.line;
        value.column = place.column;
        return value;
    }

    Value read_unplaced_value() {
        switch (scanner_.peek()) {
            case '{':
                return read_object();
            case '[':
                return read_array();
            case '"':
                return Value::string(read_quoted(scanner_));
            case '\'':
                if (scanner_.is_json5()) {
                    return Value::string(read_quoted(scanner_));
                }
                break;
            case 'n':
                return read_word("null", Value());
            case 't':
                return read_word("true", Value::boolean(true));
            case 'f':
                return read_word("false", Value::boolean(false));
            default:
                break;
        }
        if (!begins_number(scanner_.peek())) {
            scanner_.fail_expected("a value");
        }
        return Value::number(read_number(scanner_));
    }

    bool begins_number(char32_t code) const {
        if ((code >= '0' && code <= '9') || code == '-') {
            return true;
        }
        return scanner_.is_json5() && (code == '+' || code == '.' || code == 'I' || code == 'N');
    }

    Value read_word(std::string_view word, Value value) {
        if (!scanner_.accept(word)) {
            scanner_.fail_expected(std::string(word));
        }
        return value;
    }

    Value read_array() {
        enter('[');
        Value::Array elements;
        while (!accept_end(']', elements.empty())) {
            elements.push_back(read_value());
            skip_separator(']');
        }
        --depth_;
        return Value::array(std::move(elements));
    }

    Value read_object() {
        enter('{');
        Value::Object members;
        std::unordered_map<std::string, std::size_t> places;
        while (!accept_end('}', members.empty())) {
            Value::Member member = read_member();
            const auto [place, is_new] = places.try_emplace(member.key, members.size());
            if (is_new) {
                members.push_back(std::move(member));
            } else {
                members[place->second] = std::move(member);
            }
            skip_separator('}');
        }
        --depth_;
        return Value::object(std::move(members));
    }

    Value::Member read_member() {
        const Scanner::Place place = scanner_.place_of(scanner_.offset());
        Value::Member member;
        member.line = place.line;
        member.column = place.column;
        member.key = read_key();
        scanner_.skip_blanks();
        scanner_.expect(':');
        scanner_.skip_blanks();
        member.value = read_value();
        return member;
    }

    std::string read_key() {
        const char32_t next = scanner_.peek();
        if (next == '"' || (next == '\'' && scanner_.is_json5())) {
            return read_quoted(scanner_);
        }
        std::string name = scanner_.is_json5() ? read_identifier(scanner_) : std::string();
        if (name.empty()) {
            scanner_.fail_expected(scanner_.is_json5() ? "a key or '}'" : "a key in double quotes");
        }
        return name;
    }

    void enter(char open) {
        if (++depth_ > kDeepest) {
            scanner_.fail_at(scanner_.offset(), "nested deeper than 512 levels");
        }
        scanner_.accept(open);
        scanner_.skip_blanks();
    }

    /// Takes the closing bracket; JSON has it only behind an element or in an empty pair.
    bool accept_end(char close, bool is_empty) {
        if (is_empty || separator_allows_end_) {
            return scanner_.accept(close);
        }
        return false;
    }

    /// Takes the comma behind an element; leaves a closing bracket for `accept_end`.
    void skip_separator(char close) {
        scanner_.skip_blanks();
        const bool has_comma = scanner_.accept(',');
        if (!has_comma && scanner_.peek() != static_cast<unsigned char>(close)) {
            scanner_.fail_expected(std::string("',' or '") + close + "'");
        }
        scanner_.skip_blanks();
        separator_allows_end_ = !has_comma || scanner_.is_json5();
    }

    Scanner scanner_;
    int depth_ = 0;
    bool separator_allows_end_ = true;
};

}  // namespace

Value parse_json5(std::string_view text, const std::string& file) {
    return Parser(text, file, Dialect::json5).read_document();
}

Value parse_json(std::string_view text, const std::string& file) {
    return Parser(text, file, Dialect::json).read_document();
}

void require_utf8(std::string_view text, const std::string& file) {
    Scanner(text, file, Dialect::json);
}

}  // namespace dynamigrate::json
