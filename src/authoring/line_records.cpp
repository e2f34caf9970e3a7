#include "record_source.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/reader.hpp>

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace dynamigrate::authoring {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::size_t kBlock = 256 * 1024;
constexpr std::chrono::milliseconds kLookForStop{100};

bool is_blank(std::string_view line) {
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

class LineRecords final : public RecordSource {
public:
    LineRecords(int descriptor, bool is_plain) : descriptor_(descriptor), is_plain_(is_plain) {}

    std::optional<RecordBatch> next(const std::stop_token& stop) override;

private:
    bool read_block(const std::stop_token& stop);
    void take_lines(RecordBatch& batch);
    /// Returns false for a line that is wrong, which `failure_` then tells.
    bool take_line(std::string_view line, RecordBatch& batch);
    void check(std::string_view line);
    Error wrong(const std::string& why) const;

    int descriptor_;
    bool is_plain_;
    bool is_at_end_ = false;
    std::string bytes_;  ///< read, and not yet cut into lines
    std::size_t at_ = 0;
    std::uint64_t line_ = 0;
    std::optional<Error> failure_;
    base::Arena arena_;
    dynamodb::WireParser wire_;
    json::dom::parser plain_;
};

/// Returns false at the end.
bool LineRecords::read_block(const std::stop_token& stop) {
    pollfd entry{descriptor_, POLLIN, 0};
    while (::poll(&entry, 1, static_cast<int>(kLookForStop.count())) == 0 || entry.revents == 0) {
        if (stop.stop_requested()) {
            throw Error(ErrorKind::cancelled, "stopped while reading records");
        }
    }
    bytes_.erase(0, at_);
    at_ = 0;
    const std::size_t size = bytes_.size();
    bytes_.resize(size + kBlock);
    ssize_t got = 0;
    do {
        got = ::read(descriptor_, bytes_.data() + size, kBlock);
    } while (got < 0 && errno == EINTR);
    const int failure = errno;
    bytes_.resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0) {
        throw Error(ErrorKind::unavailable,
                    fmt::format("reading records: {}", std::strerror(failure)));
    }
    return got > 0;
}

Error LineRecords::wrong(const std::string& why) const {
    return Error(ErrorKind::invalid_argument,
                 fmt::format("line {} of the input is not {}: {}{}", line_,
                             is_plain_ ? "JSON" : "an item in DynamoDB JSON", why,
                             is_plain_ ? "" : "; for plain JSON give --dyno"));
}

void LineRecords::check(std::string_view line) {
    if (is_plain_) {
        const auto failure = plain_.parse(line.data(), line.size()).error();
        if (failure != simdjson::SUCCESS) {
            throw wrong(simdjson::error_message(failure));
        }
        return;
    }
    try {
        arena_.reset();
        wire_.item(line, arena_);
    } catch (const Error& error) {
        throw wrong(error.message());
    }
}

bool LineRecords::take_line(std::string_view line, RecordBatch& batch) {
    ++line_;
    if (is_blank(line)) {
        return true;
    }
    try {
        check(line);
    } catch (const Error& error) {
        failure_ = error;
        return false;
    }
    batch.json += batch.count == 0 ? "" : ",";
    batch.json += line;
    ++batch.count;
    return true;
}

void LineRecords::take_lines(RecordBatch& batch) {
    const std::string_view bytes(bytes_);
    for (std::size_t end = bytes.find('\n', at_); end != std::string_view::npos;
         end = bytes.find('\n', at_)) {
        const std::string_view line = bytes.substr(at_, end - at_);
        at_ = end + 1;
        if (!take_line(line, batch)) {
            return;
        }
    }
    if (is_at_end_ && at_ < bytes.size()) {
        take_line(bytes.substr(at_), batch);
        at_ = bytes.size();
    }
}

std::optional<RecordBatch> LineRecords::next(const std::stop_token& stop) {
    RecordBatch batch;
    batch.json = "[";
    while (batch.count == 0 && !failure_ && !is_at_end_) {
        is_at_end_ = !read_block(stop);
        take_lines(batch);
    }
    if (batch.count == 0 && failure_) {
        throw Error(*failure_);
    }
    if (batch.count == 0) {
        return std::nullopt;
    }
    batch.json += "]";
    return batch;
}

}  // namespace

std::unique_ptr<RecordSource> make_line_records(int descriptor, bool is_plain) {
    return std::make_unique<LineRecords>(descriptor, is_plain);
}

}  // namespace dynamigrate::authoring
