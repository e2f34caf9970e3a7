#include <dynamigrate/dynamodb/service.hpp>

#include <dynamigrate/json/reader.hpp>

#include <algorithm>
#include <cctype>

namespace dynamigrate::dynamodb {

namespace {

/// Gathers names, each once, in the order of their first mention.
class Names {
public:
    void add(std::string_view name) {
        // An ARN may stand for a name: arn:aws:dynamodb:region:account:table/name.
        if (name.starts_with("arn:")) {
            std::size_t table = name.find(":table/");
            name = table == name.npos ? name : name.substr(table + 7);
            name = name.substr(0, name.find('/'));
        }
        if (!name.empty() && std::find(names_.begin(), names_.end(), name) == names_.end()) {
            names_.emplace_back(name);
        }
    }
    std::vector<std::string> take() { return std::move(names_); }

private:
    std::vector<std::string> names_;
};

/// The words of a PartiQL statement: names, quoted names (without quotes), strings, signs.
class StatementWords {
public:
    explicit StatementWords(std::string_view text) : text_(text) {}

    /// Returns false at the end.
    bool next() {
        skip_white_space();
        if (at_ == text_.size()) {
            return false;
        }
        char c = text_[at_];
        is_quoted_name = c == '"';
        is_literal = c == '\'';
        word.clear();
        if (is_quoted_name || is_literal) {
            take_quoted(c);
        } else if (is_name_character(c)) {
            while (at_ < text_.size() && is_name_character(text_[at_])) {
                word.push_back(text_[at_++]);
            }
        } else {
            word.push_back(text_[at_++]);
        }
        return true;
    }

    bool is_keyword(std::string_view keyword) const {
        return !is_quoted_name && !is_literal &&
               std::equal(
                   word.begin(), word.end(), keyword.begin(), keyword.end(),
                   [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; });
    }

    std::string word;
    bool is_quoted_name = false;
    bool is_literal = false;

private:
    static bool is_name_character(char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' ||
               (static_cast<unsigned char>(c) & 0x80) != 0;
    }

    void skip_white_space() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
            ++at_;
        }
    }

    void take_quoted(char quote) {
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] == quote) {
                if (at_ + 1 == text_.size() || text_[at_ + 1] != quote) {
                    ++at_;
                    return;
                }
                ++at_;
            }
            word.push_back(text_[at_]);
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// The table of a statement follows FROM, INTO or a leading UPDATE; ."index" may follow it.
void add_statement(std::string_view statement, Names& names) {
    StatementWords words(statement);
    bool is_first = true;
    while (words.next()) {
        bool is_table_next = words.is_keyword("FROM") || words.is_keyword("INTO") ||
                             (is_first && words.is_keyword("UPDATE"));
        is_first = false;
        if (is_table_next) {
            if (words.next() && !words.is_literal) {
                names.add(words.word);
            }
            return;
        }
    }
}

void add_statements(json::wire::value& array, Names& names) {
    for (auto element : array.get_array()) {
        json::wire::object object = element.get_object();
        for (auto found : object) {
            json::wire::field member = std::move(found).take_value();
            if (member.key() == "Statement") {
                add_statement(member.value().get_string(), names);
            }
        }
    }
}

void add_keys(json::wire::value& object, Names& names) {
    for (auto found : object.get_object()) {
        json::wire::field member = std::move(found).take_value();
        names.add(member.unescaped_key());
    }
}

/// Of TransactItems: each element is {"Put": {"TableName": ...}}.
void add_transaction(json::wire::value& array, Names& names) {
    for (auto element : array.get_array()) {
        for (auto found : element.get_object()) {
            json::wire::field action = std::move(found).take_value();
            for (auto inner : action.value().get_object()) {
                json::wire::field member = std::move(inner).take_value();
                if (member.key() == "TableName") {
                    names.add(member.value().get_string());
                }
            }
        }
    }
}

void add_member(json::wire::field& member, Names& names) {
    json::wire::raw_json_string key = member.key();
    if (key == "TableName" || key == "TableArn" || key == "ResourceArn" ||
        key == "TargetTableName" || key == "SourceTableName") {
        names.add(member.value().get_string());
    } else if (key == "RequestItems") {
        add_keys(member.value(), names);
    } else if (key == "TransactItems") {
        add_transaction(member.value(), names);
    } else if (key == "Statement") {
        add_statement(member.value().get_string(), names);
    } else if (key == "Statements" || key == "TransactStatements") {
        add_statements(member.value(), names);
    }
}

}  // namespace

std::vector<std::string> tables_of(const Call& call) {
    Names names;
    try {
        std::string body(call.body);
        json::Reader reader;
        json::wire::document document = reader.read(body);
        for (auto found : document.get_object()) {
            json::wire::field member = std::move(found).take_value();
            add_member(member, names);
        }
    } catch (const simdjson::simdjson_error&) {
        // The service refuses such a body; which tables it would have touched does not matter.
    } catch (const base::Error&) {}
    return names.take();
}

}  // namespace dynamigrate::dynamodb
