#include <dynamigrate/cloud/command_request.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/json/members.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace dynamigrate::cloud {

namespace {

using base::Error;
using base::ErrorKind;
using State = CommandAnswer::State;
using Verb = CommandRequest::Verb;

constexpr std::array<std::pair<std::string_view, Verb>, 4> kVerbs = {{{"hello", Verb::hello},
                                                                      {"start", Verb::start},
                                                                      {"poll", Verb::poll},
                                                                      {"cancel", Verb::cancel}}};

constexpr std::array<std::pair<std::string_view, State>, 6> kStates = {{
    {"done", State::done},
    {"continue", State::proceed},
    {"running", State::running},
    {"idle", State::idle},
    {"question", State::question},
    {"cancelled", State::cancelled},
}};

template <class Pairs, class Value>
std::string_view name_in(const Pairs& pairs, Value value) {
    for (const auto& [name, known] : pairs) {
        if (known == value) {
            return name;
        }
    }
    return "";
}

std::vector<std::string> words_in(const json::Value* object) {
    std::vector<std::string> words;
    const json::Value* list = object ? object->find("words") : nullptr;
    if (list && list->is_array()) {
        for (const json::Value& element : list->elements()) {
            if (!element.is_string()) {
                throw Error(ErrorKind::invalid_argument, "`args.words` holds what is no string");
            }
            words.push_back(element.text());
        }
    }
    return words;
}

std::vector<GivenAnswer> answers_in(const json::Value* object) {
    std::vector<GivenAnswer> answers;
    const json::Value* list = object ? object->find("answers") : nullptr;
    if (list && list->is_array()) {
        for (const json::Value& element : list->elements()) {
            const json::Value* question = element.find("question");
            if (!question || !question->is_string()) {
                throw Error(ErrorKind::invalid_argument,
                            "`args.answers` holds what is no {\"question\": ..., \"text\": ...}");
            }
            answers.push_back({question->text(), json::text_of(element, "text")});
        }
    }
    return answers;
}

std::uint64_t number_member(const json::Value* object, std::string_view key) {
    const json::Value* value = object ? object->find(key) : nullptr;
    std::uint64_t number = 0;
    if (value && value->is_number()) {
        std::from_chars(value->text().data(), value->text().data() + value->text().size(), number);
    }
    return number;
}

void write_args(json::Writer& writer, const CommandRequest& request) {
    writer.begin_object().key("words").begin_array();
    for (const std::string& word : request.words) {
        writer.string(word);
    }
    writer.end_array().key("answers").begin_array();
    for (const GivenAnswer& given : request.answers) {
        writer.begin_object().key("question").string(given.question);
        writer.key("text").string(given.text).end_object();
    }
    writer.end_array().key("from").number(request.from).end_object();
}

bool is_inside_character(std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

std::string digest_of(const std::vector<Printed>& printed) {
    std::string all;
    for (const Printed& piece : printed) {
        all += piece.is_error ? 'e' : 'o';
        all += piece.text;
    }
    return base::sha256_hex(all);
}

std::vector<Printed> lines_of(const std::vector<Printed>& printed) {
    std::vector<Printed> lines;
    for (const Printed& piece : printed) {
        for (std::size_t begin = 0; begin < piece.text.size();) {
            const std::size_t end = piece.text.find('\n', begin);
            const std::size_t next = end == std::string::npos ? piece.text.size() : end + 1;
            lines.push_back({piece.is_error, piece.text.substr(begin, next - begin)});
            begin = next;
        }
    }
    return lines;
}

}  // namespace

std::string_view to_string(Verb verb) noexcept { return name_in(kVerbs, verb); }
std::string_view to_string(State state) noexcept { return name_in(kStates, state); }

std::optional<Verb> verb_of(std::string_view word) noexcept {
    const auto* verb = std::ranges::find(kVerbs, word, &std::pair<std::string_view, Verb>::first);
    return verb == kVerbs.end() ? std::nullopt : std::optional(verb->second);
}

CommandRequest read_command_request(const json::Value& event) {
    CommandRequest request;
    const std::string word = json::text_of(event, "cmd");
    request.verb = verb_of(word).value_or(Verb::hello);
    request.run = json::text_of(event, "run");
    const json::Value* args = event.find("args");
    request.words = words_in(args);
    request.answers = answers_in(args);
    request.from = number_member(args, "from");
    if (request.verb != Verb::hello && request.run.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("`{}` needs a `run`, which names what it is about", word));
    }
    if (request.verb == Verb::start && request.words.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    "`start` needs `args.words`: the words of a command line");
    }
    return request;
}

std::string to_event(const CommandRequest& request) {
    std::string event;
    json::Writer writer(event);
    writer.begin_object().key("cmd").string(to_string(request.verb));
    if (request.verb != Verb::hello) {
        writer.key("run").string(request.run);
    }
    if (request.verb == Verb::start) {
        write_args(writer.key("args"), request);
    }
    writer.end_object();
    return event;
}

std::string to_body(const CommandAnswer& answer) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object().key("state").string(to_string(answer.state));
    writer.key("exitCode").number(answer.exit_code).key("printed").begin_array();
    for (const Printed& piece : answer.printed) {
        writer.begin_object().key(piece.is_error ? "err" : "out").string(piece.text).end_object();
    }
    writer.end_array().key("question").string(answer.question);
    writer.key("next").number(answer.next).key("digest").string(answer.digest).end_object();
    return body;
}

CommandAnswer read_command_answer(const json::Value& body) {
    CommandAnswer answer;
    const std::string word = json::text_of(body, "state");
    const auto* state =
        std::ranges::find(kStates, word, &std::pair<std::string_view, State>::first);
    if (state == kStates.end()) {
        throw Error(ErrorKind::corrupted,
                    fmt::format("the function answers with the state \"{}\", which this version "
                                "does not know: {}",
                                word, json::to_json(body).substr(0, 200)));
    }
    answer.state = state->second;
    answer.exit_code = static_cast<int>(number_member(&body, "exitCode"));
    answer.question = json::text_of(body, "question");
    answer.next = number_member(&body, "next");
    answer.digest = json::text_of(body, "digest");
    if (const json::Value* printed = body.find("printed"); printed && printed->is_array()) {
        for (const json::Value& piece : printed->elements()) {
            const bool is_error = piece.find("err") != nullptr;
            answer.printed.push_back({is_error, json::text_of(piece, is_error ? "err" : "out")});
        }
    }
    return answer;
}

CommandAnswer page_of(CommandAnswer whole, std::uint64_t from, std::size_t limit) {
    std::vector<Printed> page;
    std::uint64_t begin = 0;  // of the piece
    std::size_t left = limit;
    whole.digest = digest_of(whole.printed);
    whole.next = 0;
    for (const Printed& piece : whole.printed) {
        const std::uint64_t end = begin + piece.text.size();
        if (end > from && whole.next == 0) {
            const std::size_t skip = from > begin ? from - begin : 0;
            std::size_t count = std::min(left, piece.text.size() - skip);
            while (count > 0 && is_inside_character(piece.text, skip + count)) {
                --count;
            }
            page.push_back({piece.is_error, piece.text.substr(skip, count)});
            left -= count;
            if (skip + count < piece.text.size()) {
                whole.next = begin + skip + count;
            }
        }
        begin = end;
    }
    whole.printed = std::move(page);
    return whole;
}

std::vector<Printed> without_beginning(const std::vector<Printed>& printed,
                                       const std::vector<Printed>& shown) {
    if (shown.empty()) {
        return printed;
    }
    const std::vector<Printed> old = lines_of(shown);
    const std::vector<Printed> all = lines_of(printed);
    const auto news = std::ranges::mismatch(all, old).in1;
    return {news, all.end()};
}

}  // namespace dynamigrate::cloud
