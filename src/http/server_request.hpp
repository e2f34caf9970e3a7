#pragma once

#include <dynamigrate/http/server.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::http {

/// Assembles requests from the bytes of one connection, in whatever pieces they come.
class RequestReader {
public:
    enum class Progress {
        incomplete,  ///< more bytes are needed
        complete,    ///< `request()` may be used until `next()`
        refused,     ///< the bytes are no request that can be served: see `status()`
    };

    explicit RequestReader(std::size_t max_body_bytes) : max_body_bytes_(max_body_bytes) {}

    void append(std::string_view bytes) { bytes_.append(bytes); }
    Progress advance();
    /// Forgets the finished request and keeps what came behind it.
    void next();
    /// Forgets all.
    void discard();
    /// How many bytes it holds.
    std::size_t size() const { return bytes_.size() + chunks_.size(); }

    ServedRequest request() const;
    bool is_head_request() const { return method_ == "HEAD"; }
    bool keeps_alive() const { return keeps_alive_; }
    /// Whether nothing of a next request has come.
    bool is_empty() const { return place_ == Place::head && bytes_.size() == position_; }
    /// Whether the client waits for a "100 Continue" before it sends the body; true once.
    bool take_expectation();

    int status() const { return status_; }
    std::string_view reason() const { return reason_; }

private:
    enum class Place { head, sized_body, chunk_size, chunk, chunk_end, trailers, end };

    Progress refuse(int status, std::string_view reason);
    bool read_head();
    bool parse_head();
    bool parse_request_line(std::string_view line);
    bool parse_header(std::string_view line);
    bool choose_body();
    bool read_sized_body();
    bool read_chunk_size();
    bool read_chunk();
    bool read_chunk_end();
    bool read_trailers();
    std::optional<std::string_view> take_line(std::size_t limit);
    void compact();

    const std::size_t max_body_bytes_;
    std::string bytes_;         ///< received and not yet done with
    std::size_t position_ = 0;  ///< of the first byte in `bytes_` that has not been looked at
    Place place_ = Place::head;
    std::string head_;  ///< what the views below point into
    std::string_view method_, target_;
    std::vector<ServedHeader> headers_;
    bool keeps_alive_ = true;
    bool expects_continue_ = false;
    std::uint64_t length_ = 0;  ///< of the body, or of what is left of the chunk
    std::string chunks_;        ///< a body that came in chunks
    bool is_chunked_ = false;
    std::size_t trailers_begin_ = 0;
    int status_ = 0;
    std::string_view reason_;
};

}  // namespace dynamigrate::http
