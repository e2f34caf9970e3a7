#pragma once

#include "response_reader.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/http/client.hpp>
#include <dynamigrate/http/url.hpp>

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dynamigrate::http {

/// A descriptor that another thread makes readable, to end a wait.
class WakeUp {
public:
    WakeUp();
    ~WakeUp();
    WakeUp(const WakeUp&) = delete;
    WakeUp& operator=(const WakeUp&) = delete;

    int descriptor() const noexcept { return descriptor_; }
    void ring() const noexcept;
    void silence() const noexcept;

private:
    int descriptor_;
};

/// One connection, kept alive. libcurl makes it (names, proxies, TLS) and carries its bytes; what
/// they mean is written and read here, so that nobody but `send` decides what goes out again.
/// Threads: one at a time.
class CurlConnection {
public:
    explicit CurlConnection(const ClientOptions& options);
    ~CurlConnection();
    CurlConnection(const CurlConnection&) = delete;
    CurlConnection& operator=(const CurlConnection&) = delete;

    /// As Client::send.
    void send(const Request& request, Response& response);

private:
    using Moment = std::chrono::steady_clock::time_point;
    struct EasyCloser {
        void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    };
    struct MultiCloser {
        void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
    };

    void set_constant_options(const ClientOptions& options);
    void write_head(const Request& request);
    void exchange(const Request& request, Response& response);
    /// Whether the connection leads to the request's server and can still be used.
    bool is_usable(Moment now) const;
    void connect(const Request& request);
    std::optional<CURLcode> wait_until_connected(std::stop_token stop);
    void close() noexcept;

    /// Sends all of it, or stops early when the server answers before it has everything.
    void send_bytes(std::string_view bytes, const Request& request);
    void receive(ResponseReader& reader, const Request& request);
    /// Waits for poll's events.
    void wait_for(short events, const Request& request);

    base::Error failure(CURLcode code, const Request& request) const;
    base::Error failure(std::string_view reason, const Request& request) const;

    WakeUp wake_up_;
    std::unique_ptr<CURLM, MultiCloser> multi_;
    std::unique_ptr<CURL, EasyCloser> easy_;
    std::string user_agent_;
    char reason_[CURL_ERROR_SIZE] = "";

    std::string url_text_;
    std::string origin_;
    Url url_;                       ///< of `url_text_`
    std::string connected_origin_;  ///< "" : not connected
    int socket_ = -1;
    Moment last_use_;

    std::string head_;
    std::vector<char> received_;
    Moment deadline_;
    bool has_sent_ = false;       ///< a byte of the request at hand
    bool answer_begins_ = false;  ///< while the request was still being sent
};

}  // namespace dynamigrate::http
