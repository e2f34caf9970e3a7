#pragma once

#include "server_request.hpp"

#include <atomic>
#include <chrono>
#include <string>

namespace dynamigrate::http {

/// What all connections of one server share.
struct ConnectionSurroundings {
    const ServerOptions& options;
    const Handler& handler;
    const std::atomic<bool>& is_crowded;   ///< connections wait for a thread
    const std::atomic<bool>& is_stopping;  ///< answers are the last ones
    std::atomic<std::size_t>& received;    ///< bytes of requests that all connections hold
};

/// One client's connection: a state machine that never waits longer than a moment for its client.
///
/// Owns: the socket. Threads: one at a time.
class Connection {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// What has to happen before it is worth calling `go_on` again.
    enum class Wants {
        input,
        output,   ///< room in the socket for the rest of an answer
        turn,     ///< nothing; others shall have theirs first
        nothing,  ///< it is over
    };

    Connection(int socket, const ConnectionSurroundings& surroundings);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Reads, answers and writes as far as that is possible.
    Wants go_on();

    int socket() const noexcept { return socket_; }
    /// When it may be given up if it still wants the same.
    Time deadline() const noexcept { return deadline_; }
    /// Whether no answer is under way, so that closing it breaks at most an unfinished request.
    bool is_listening() const noexcept { return place_ == Place::receiving; }
    /// Whether no request is under way at all.
    bool is_idle() const { return is_listening() && reader_.is_empty(); }

private:
    enum class Place { receiving, sending, draining };
    enum class Step { again, input, output, turn, nothing };

    Step receive();
    Step send();
    Step drain();
    Step read_more();
    int linger_flag() const noexcept;
    Step finish_answer();
    void answer();
    void refuse_request(int status, std::string_view reason);
    void answer_refusal(int status, std::string_view reason);
    void count_received();
    void compose_head();
    void set_deadline(std::chrono::milliseconds from_now);

    const int socket_;
    const ConnectionSurroundings& surroundings_;
    RequestReader reader_;
    std::size_t counted_ = 0;  ///< of `received`, this connection's part
    Place place_ = Place::receiving;
    Time deadline_{};
    bool is_in_request_ = false;  ///< the deadline is that of the request
    bool is_last_ = false;        ///< the connection is closed after this answer
    bool is_refused_ = false;     ///< bytes of the request may still be coming
    ServedResponse response_;
    std::string head_;      ///< of the answer
    std::size_t sent_ = 0;  ///< of head and body together
};

}  // namespace dynamigrate::http
