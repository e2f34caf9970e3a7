#pragma once

#include <dynamigrate/http/client.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace dynamigrate::http {

/// Makes one answer of the bytes of a connection, in whatever pieces they come.
class ResponseReader {
public:
    enum class Progress {
        incomplete,  ///< more bytes are needed
        complete,
        malformed,  ///< the bytes are no answer: see `reason()`
    };

    /// Fills `response`, which must live until the answer is complete.
    ResponseReader(Response& response, bool answers_head) noexcept
        : response_(response),
          answers_head_(answers_head) {}

    Progress append(std::string_view bytes);
    /// No more bytes will come: completes a body that only the end of the connection ends.
    Progress end();

    /// Whether any byte came.
    bool has_begun() const noexcept { return place_ != Place::head || !line_.empty(); }
    /// Whether the connection can carry a next request.
    bool keeps_alive() const noexcept { return keeps_alive_; }
    std::string_view reason() const noexcept { return reason_; }

private:
    enum class Place { head, sized_body, open_body, chunk_size, chunk, chunk_end, trailers, end };

    Progress refuse(std::string_view reason);
    /// Takes bytes up to and with `end` into `line_`; false when it has not come yet.
    bool take_until(std::string_view& bytes, std::string_view end);
    bool parse_head();
    bool parse_status_line(std::string_view line);
    bool parse_header(std::string_view line);
    bool choose_body();
    void read_part(std::string_view& bytes);
    bool read_chunk_line();

    Response& response_;
    const bool answers_head_;
    Place place_ = Place::head;
    std::string line_;        ///< the head, or a line between chunks, as far as it came
    std::uint64_t left_ = 0;  ///< of the body or of the chunk
    bool keeps_alive_ = true;
    std::string_view reason_;
};

}  // namespace dynamigrate::http
