#include "statement.hpp"

#include <algorithm>
#include <vector>

namespace dynamigrate::migrate {

namespace {

struct Word {
    enum class Kind { plain, quoted_name, text, sign } kind = Kind::sign;
    std::size_t begin = 0;
    std::size_t end = 0;
};

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

std::size_t end_of_quoted(std::string_view statement, std::size_t at) {
    char quote = statement[at];
    for (++at; at < statement.size(); ++at) {
        if (statement[at] != quote) {
            continue;
        }
        if (at + 1 == statement.size() || statement[at + 1] != quote) {
            return at + 1;
        }
        ++at;
    }
    return at;
}

std::vector<Word> words_of(std::string_view statement) {
    std::vector<Word> words;
    for (std::size_t at = 0; at < statement.size();) {
        char c = statement[at];
        Word word{Word::Kind::sign, at, at + 1};
        if (c == '"' || c == '\'') {
            word.kind = c == '"' ? Word::Kind::quoted_name : Word::Kind::text;
            word.end = end_of_quoted(statement, at);
        } else if (is_word(c)) {
            word.kind = Word::Kind::plain;
            while (word.end < statement.size() && is_word(statement[word.end])) {
                ++word.end;
            }
        }
        at = word.end;
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            words.push_back(word);
        }
    }
    return words;
}

std::string upper(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return result;
}

/// `"` is written twice in a quoted name.
std::string unquoted(std::string_view name) {
    std::string result;
    for (std::size_t i = 1; i + 1 < name.size(); ++i) {
        result.push_back(name[i]);
        i += name[i] == '"' ? 1U : 0U;
    }
    return result;
}

std::string quoted(const std::string& name) {
    std::string result = "\"";
    for (char c : name) {
        result.append(c == '"' ? 2 : 1, c);
    }
    return result + '"';
}

}  // namespace

std::string statement_verb(std::string_view statement) {
    std::vector<Word> words = words_of(statement);
    if (words.empty()) {
        return {};
    }
    return upper(statement.substr(words[0].begin, words[0].end - words[0].begin));
}

std::size_t count_parameters(std::string_view statement) {
    std::vector<Word> words = words_of(statement);
    return static_cast<std::size_t>(std::count_if(words.begin(), words.end(), [&](Word word) {
        return word.kind == Word::Kind::sign && statement[word.begin] == '?';
    }));
}

std::string with_tables(std::string_view statement,
                        const std::function<std::string(const std::string&)>& rename) {
    std::string result;
    std::size_t copied = 0;
    bool is_next = false;
    for (const Word& word : words_of(statement)) {
        std::string_view text = statement.substr(word.begin, word.end - word.begin);
        if (is_next && (word.kind == Word::Kind::plain || word.kind == Word::Kind::quoted_name)) {
            std::string name = word.kind == Word::Kind::plain ? std::string(text) : unquoted(text);
            std::string renamed = rename(name);
            if (renamed != name) {
                result.append(statement.substr(copied, word.begin - copied));
                result.append(quoted(renamed));
                copied = word.end;
            }
        }
        std::string keyword = word.kind == Word::Kind::plain ? upper(text) : std::string();
        is_next = keyword == "FROM" || keyword == "INTO" || keyword == "UPDATE";
    }
    result.append(statement.substr(copied));
    return result;
}

}  // namespace dynamigrate::migrate
