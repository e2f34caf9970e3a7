#include "curl_connection.hpp"

#include <mutex>

namespace dynamigrate::http {

namespace {

class CurlClient final : public Client {
public:
    explicit CurlClient(ClientOptions options) : options_(std::move(options)) {}

    void send(const Request& request, Response& response) override {
        Lease lease(*this);
        lease.connection->send(request, response);
    }

private:
    struct Lease {
        explicit Lease(CurlClient& client) : owner(client), connection(client.acquire()) {}
        ~Lease() { owner.release(std::move(connection)); }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        CurlClient& owner;
        std::unique_ptr<CurlConnection> connection;
    };

    std::unique_ptr<CurlConnection> acquire() {
        {
            std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                auto connection = std::move(idle_.back());
                idle_.pop_back();
                return connection;
            }
            idle_.reserve(++made_);  // so that release never allocates
        }
        return std::make_unique<CurlConnection>(options_);
    }

    void release(std::unique_ptr<CurlConnection> connection) noexcept {
        std::lock_guard lock(mutex_);
        idle_.push_back(std::move(connection));
    }

    ClientOptions options_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<CurlConnection>> idle_;
    std::size_t made_ = 0;
};

}  // namespace

std::unique_ptr<Client> make_curl_client(ClientOptions options) {
    static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (kReady != CURLE_OK) {
        throw base::Error(base::ErrorKind::internal,
                          std::string("libcurl does not start: ") + curl_easy_strerror(kReady));
    }
    return std::make_unique<CurlClient>(std::move(options));
}

}  // namespace dynamigrate::http
