#include "template.hpp"

#include <dynamigrate/dynamodb/number.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;

constexpr std::string_view kSpace = " \t\r\n";

std::string_view trimmed(std::string_view text) noexcept {
    std::size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// The place of the first of `ends` outside single quotes, from `at` on; npos when there is none.
std::size_t find_outside_quotes(std::string_view text, std::size_t at, std::string_view ends) {
    bool is_quoted = false;
    for (; at < text.size(); ++at) {
        if (text[at] == '\'') {
            is_quoted = !is_quoted;
        } else if (!is_quoted && ends.find(text[at]) != std::string_view::npos) {
            return at;
        }
    }
    return std::string_view::npos;
}

std::string unquoted(std::string_view quoted) {
    std::string text;
    for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
        text.push_back(quoted[i]);
        if (quoted[i] != '\'') {
            continue;
        }
        if (++i + 1 >= quoted.size() || quoted[i] != '\'') {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("{} is not one string; write '' for a quote in it", quoted));
        }
    }
    return text;
}

FilterArgument parse_argument(std::string_view text) {
    FilterArgument argument;
    if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') {
        argument.type = AttributeType::string;
        argument.text = unquoted(text);
    } else if (text == "true" || text == "false") {
        argument.type = AttributeType::boolean;
        argument.boolean = text == "true";
    } else if (!text.empty() && dynamodb::check_number(text).empty()) {
        argument.type = AttributeType::number;
        argument.text = text;
        std::from_chars(text.data(), text.data() + text.size(), argument.integer);
    } else if (text != "null") {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("'{}' is no argument; write a string in single quotes, a number, "
                                "true, false or null",
                                text));
    }
    return argument;
}

std::vector<FilterArgument> parse_arguments(std::string_view text) {
    std::vector<FilterArgument> arguments;
    if (trimmed(text).empty()) {
        return arguments;
    }
    for (std::size_t at = 0;;) {
        std::size_t end = find_outside_quotes(text, at, ",");
        arguments.push_back(parse_argument(trimmed(text.substr(at, end - at))));
        if (end == std::string_view::npos) {
            return arguments;
        }
        at = end + 1;
    }
}

Filter parse_filter(std::string_view text) {
    std::size_t open = text.find('(');
    if (open == std::string_view::npos) {
        return make_filter(text, {});
    }
    if (text.back() != ')') {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("filter '{}' lacks its closing parenthesis", text));
    }
    return make_filter(trimmed(text.substr(0, open)),
                       parse_arguments(text.substr(open + 1, text.size() - open - 2)));
}

}  // namespace

/// Splits a string into literal text and `${...}` parts.
class TemplateParser {
public:
    TemplateParser(std::string_view text, const base::TextPosition& place)
        : text_(text),
          place_(place) {}

    Template parse() {
        while (at_ < text_.size()) {
            std::size_t begin = text_.find("${", at_);
            add_literal(text_.substr(at_, begin - at_));
            if (begin == std::string_view::npos) {
                break;
            }
            at_ = begin + 2;
            if (at_ < text_.size() && text_[at_] == '{') {
                add_literal("${");
                ++at_;
            } else {
                add_expression(begin);
            }
        }
        return std::move(result_);
    }

private:
    [[noreturn]] void fail(std::size_t offset, const std::string& message) const {
        Error error(ErrorKind::invalid_argument,
                    fmt::format("template \"{}\", character {}: {}", text_, offset + 1, message));
        throw place_.file.empty() ? error : error.at(place_.to_string());
    }

    void add_literal(std::string_view text) {
        if (text.empty()) {
            return;
        }
        if (result_.parts_.empty() || result_.parts_.back().origin != Template::Origin::text) {
            result_.parts_.emplace_back();
        }
        result_.parts_.back().text.append(text);
    }

    void add_expression(std::size_t begin) {
        std::size_t end = find_outside_quotes(text_, at_, "}");
        if (end == std::string_view::npos) {
            fail(begin, "'${' without its '}'; write '${{' for a literal '${'");
        }
        Template::Part part;
        part.text = text_.substr(begin, end + 1 - begin);
        bool is_first = true;
        for (std::size_t at = at_; at <= end; is_first = false) {
            std::size_t stop = std::min(find_outside_quotes(text_, at, "|"), end);
            add_piece(part, is_first, at, trimmed(text_.substr(at, stop - at)));
            at = stop + 1;
        }
        result_.parts_.push_back(std::move(part));
        at_ = end + 1;
    }

    void add_piece(Template::Part& part, bool is_first, std::size_t offset,
                   std::string_view piece) {
        if (piece.empty()) {
            fail(offset, is_first ? "a path is missing" : "a filter is missing");
        }
        try {
            if (is_first) {
                set_origin(part, piece);
            } else {
                part.filters.push_back(parse_filter(piece));
            }
        } catch (const Error& error) {
            fail(static_cast<std::size_t>(piece.data() - text_.data()), error.message());
        }
    }

    void set_origin(Template::Part& part, std::string_view piece) {
        if (piece == "$run.id") {
            part.origin = Template::Origin::run_id;
        } else if (piece == "$run.started_at") {
            part.origin = Template::Origin::run_started_at;
        } else if (piece.front() == '$') {
            throw Error(
                ErrorKind::invalid_argument,
                fmt::format("unknown value '{}'; there are $run.id and $run.started_at", piece));
        } else {
            part.origin = Template::Origin::path;
            part.path = expressions::parse_path(piece);
            const std::string& name = part.path.attribute();
            auto& names = result_.attributes_;
            if (std::find(names.begin(), names.end(), name) == names.end()) {
                names.push_back(name);
            }
        }
    }

    std::string_view text_;
    const base::TextPosition& place_;
    std::size_t at_ = 0;
    Template result_;
};

Template Template::parse(std::string_view text, const base::TextPosition& place) {
    return TemplateParser(text, place).parse();
}

bool Template::is_constant() const noexcept {
    return parts_.empty() || (parts_.size() == 1 && parts_.front().origin == Origin::text);
}

AttributeValue Template::evaluate_part(const Part& part, const dynamodb::Item& item,
                                       const RunValues& run, base::Arena& arena) {
    std::optional<AttributeValue> value;
    switch (part.origin) {
        case Origin::text:
            return AttributeValue::string(part.text);
        case Origin::path:
            if (const AttributeValue* found = expressions::resolve(item, part.path)) {
                value = *found;
            }
            break;
        case Origin::run_id:
            value = AttributeValue::string(run.id);
            break;
        case Origin::run_started_at:
            value = AttributeValue::string(run.started_at);
            break;
    }
    try {
        for (const Filter& filter : part.filters) {
            value = apply_filter(filter, value, arena);
        }
    } catch (const Error& error) {
        throw Error(error.kind(), fmt::format("{}: {}", part.text, error.message()));
    }
    if (!value) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("{}: attribute {} is missing or has no such part; add "
                                "`| default(...)`, or leave such items out with `where`",
                                part.text, expressions::to_string(part.path)));
    }
    return *value;
}

AttributeValue Template::evaluate(const dynamodb::Item& item, const RunValues& run,
                                  base::Arena& arena) const {
    if (parts_.empty()) {
        return AttributeValue::string("");
    }
    if (parts_.size() == 1) {
        return evaluate_part(parts_.front(), item, run, arena);
    }
    std::string out;
    for (const Part& part : parts_) {
        AttributeValue value = evaluate_part(part, item, run, arena);
        auto text = as_text(value);
        if (!text) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("{}: a value of type {} cannot be part of a text", part.text,
                                    dynamodb::to_string(value.type())));
        }
        out.append(*text);
    }
    return AttributeValue::string(arena.copy(out));
}

}  // namespace dynamigrate::migrate
