#include <dynamigrate/base/child_process.hpp>

#include <dynamigrate/base/error.hpp>

namespace dynamigrate::base {

namespace {

class WordSplitter {
public:
    explicit WordSplitter(std::string_view text) : text_(text) {}

    std::vector<std::string> split() {
        while (at_ < text_.size()) {
            take(text_[at_++]);
        }
        end_word();
        return std::move(words_);
    }

private:
    void take(char c) {
        switch (c) {
            case ' ':
            case '\t':
            case '\n':
                end_word();
                return;
            case '\'':
                take_single_quoted();
                break;
            case '"':
                take_double_quoted();
                break;
            case '\\':
                take_escaped();
                return;
            default:
                word_.push_back(c);
                break;
        }
        in_word_ = true;
    }

    void take_escaped() {
        if (at_ == text_.size()) {
            word_.push_back('\\');
        } else if (const char next = text_[at_++]; next != '\n') {
            word_.push_back(next);
        } else {
            return;  // a line continuation begins no word
        }
        in_word_ = true;
    }

    void take_single_quoted() {
        const std::size_t end = text_.find('\'', at_);
        if (end == std::string_view::npos) {
            fail_unclosed("'");
        }
        word_.append(text_.substr(at_, end - at_));
        at_ = end + 1;
    }

    void take_double_quoted() {
        constexpr std::string_view kEscapable = "$`\"\\\n";
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == '"') {
                return;
            }
            if (c != '\\' || at_ == text_.size() ||
                kEscapable.find(text_[at_]) == std::string_view::npos) {
                word_.push_back(c);
            } else if (const char next = text_[at_++]; next != '\n') {
                word_.push_back(next);
            }
        }
        fail_unclosed("\"");
    }

    [[noreturn]] void fail_unclosed(const std::string& quote) const {
        throw Error(ErrorKind::invalid_argument,
                    "the command line `" + std::string(text_) + "` has an unclosed " + quote);
    }

    void end_word() {
        if (in_word_) {
            words_.push_back(std::move(word_));
            word_.clear();
            in_word_ = false;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string word_;
    bool in_word_ = false;
    std::vector<std::string> words_;
};

}  // namespace

std::vector<std::string> split_command_line(std::string_view text) {
    return WordSplitter(text).split();
}

}  // namespace dynamigrate::base
