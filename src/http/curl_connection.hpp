#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/http/client.hpp>

#include <curl/curl.h>

#include <memory>
#include <string>
#include <vector>

namespace dynamigrate::http {

/// One libcurl handle with the connection that it keeps alive. Threads: one at a time.
class CurlConnection {
public:
    explicit CurlConnection(const ClientOptions& options);
    CurlConnection(const CurlConnection&) = delete;
    CurlConnection& operator=(const CurlConnection&) = delete;

    /// As Client::send.
    void send(const Request& request, Response& response);

private:
    struct EasyCloser {
        void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    };
    struct MultiCloser {
        void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
    };

    void set_constant_options(const ClientOptions& options);
    void set_url(const std::string& url);
    void set_method(const Request& request);
    void set_timeouts(const Request& request);
    void set_headers(const std::vector<Header>& headers);
    /// Returns the transfer's result, or nothing when it was stopped.
    std::optional<CURLcode> transfer(std::stop_token stop);
    bool may_have_applied() const;
    base::Error failure(CURLcode code, const Request& request) const;

    static std::size_t on_body_wanted(char* place, std::size_t size, std::size_t count, void* self);
    static int on_sending(void* self, char* peer, char* host, int peer_port, int port);
    static std::size_t on_header(char* line, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);

    std::unique_ptr<CURLM, MultiCloser> multi_;
    std::unique_ptr<CURL, EasyCloser> easy_;
    std::string url_, method_;
    std::chrono::milliseconds connect_timeout_{-1}, timeout_{-1};
    std::string header_text_;
    std::vector<std::size_t> header_offsets_;
    std::vector<curl_slist> header_nodes_;
    char reason_[CURL_ERROR_SIZE] = "";

    std::string_view body_left_;
    bool may_send_again_ = false;
    bool head_is_complete_ = false;
    Response* response_ = nullptr;
};

}  // namespace dynamigrate::http
