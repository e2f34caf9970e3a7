#include <dynamigrate/aws/credentials.hpp>

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

namespace dynamigrate::aws {

namespace {

constexpr auto kRefreshAhead = std::chrono::minutes(5);
constexpr auto kRetryAfter = std::chrono::minutes(1);

}  // namespace

std::string to_string(const Credentials& credentials) {
    const std::string& id = credentials.access_key_id;
    std::string end = id.size() > 8 ? " ..." + id.substr(id.size() - 4) : "";
    std::string text = fmt::format("key{} from {}", end, credentials.source);
    if (credentials.expires) {
        text += ", valid until " + base::to_iso8601(*credentials.expires);
    }
    return text;
}

CachedCredentials::CachedCredentials(CredentialsSource source, base::Clock& clock, base::Log& log)
    : source_(std::move(source)),
      clock_(clock),
      log_(log) {}

bool CachedCredentials::is_fresh() const {
    return current_ && (!current_->expires || clock_.now() + kRefreshAhead < *current_->expires);
}

bool CachedCredentials::is_valid() const {
    return current_ && (!current_->expires || clock_.now() < *current_->expires);
}

std::shared_ptr<const Credentials> CachedCredentials::get(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (true) {
        if (is_fresh() || (is_valid() && (fetching_ || clock_.now() < next_try_))) {
            return current_;
        }
        if (!fetching_) {
            return fetch(lock, stop);
        }
        wait_for_fetch(lock, stop);
    }
}

void CachedCredentials::wait_for_fetch(std::unique_lock<std::mutex>& lock, std::stop_token stop) {
    std::uint64_t failures = failures_;
    fetched_.wait(lock, stop, [this] { return !fetching_; });
    base::throw_if_stopped(stop);
    if (failures != failures_ && !is_valid()) {
        std::rethrow_exception(last_failure_);
    }
}

std::shared_ptr<const Credentials> CachedCredentials::fetch(std::unique_lock<std::mutex>& lock,
                                                            std::stop_token stop) {
    fetching_ = true;
    lock.unlock();
    std::shared_ptr<const Credentials> found;
    std::exception_ptr failure;
    bool is_stopped = false;
    try {
        if (auto credentials = source_(stop)) {
            found = std::make_shared<const Credentials>(std::move(*credentials));
        } else {
            throw base::Error(base::ErrorKind::unauthenticated,
                              "no AWS credentials are configured");
        }
    } catch (const base::Error& error) {
        failure = std::current_exception();
        is_stopped = error.kind() == base::ErrorKind::cancelled;
        if (!is_stopped) {
            log_.warning("AWS credentials: {}", error.what());
        }
    } catch (...) {
        failure = std::current_exception();
    }
    lock.lock();
    fetching_ = false;
    fetched_.notify_all();
    if (found) {
        current_ = std::move(found);
        log_.debug("AWS credentials: {}", to_string(*current_));
    } else if (!is_stopped) {
        ++failures_;
        last_failure_ = failure;
    }
    next_try_ = clock_.now() + kRetryAfter;
    if (failure && (is_stopped || !is_valid())) {
        std::rethrow_exception(failure);
    }
    return current_;
}

void CachedCredentials::refused(const std::shared_ptr<const Credentials>& credentials) {
    std::lock_guard lock(mutex_);
    if (current_ == credentials) {
        current_.reset();
    }
}

}  // namespace dynamigrate::aws
