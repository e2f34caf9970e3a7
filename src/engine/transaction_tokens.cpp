#include "transaction_tokens.hpp"

#include "key_bytes.hpp"
#include "request.hpp"

#include <dynamigrate/base/hash.hpp>

#include <chrono>

namespace dynamigrate::engine {

namespace {

constexpr std::chrono::minutes kLifetime{10};
constexpr std::size_t kUsesBetweenSweeps = 256;
constexpr std::string_view kTokens = "kt";     // kt TOKEN -> deadline:8 digest:32
constexpr std::string_view kDeadlines = "kd";  // kd deadline:8 TOKEN -> nothing
constexpr std::size_t kDeadlineBytes = 8;

std::string bytes_of(base::WallTime time) {
    auto count = static_cast<std::uint64_t>(time.time_since_epoch().count());
    std::string bytes(kDeadlineBytes, '\0');
    for (std::size_t i = kDeadlineBytes; i-- > 0; count >>= 8) {
        bytes[i] = static_cast<char>(count & 0xFF);
    }
    return bytes;
}

std::string joined(std::string_view a, std::string_view b, std::string_view c = {}) {
    std::string result(a);
    result.append(b).append(c);
    return result;
}

}  // namespace

TransactionTokens::Use::Use(TransactionTokens& tokens, std::string_view token,
                            std::string_view request)
    : tokens_(tokens),
      token_(token) {
    if (token_.empty()) {
        return;
    }
    base::WallTime now = tokens_.clock_.now();
    base::Sha256Digest digest = base::sha256(request);
    std::string known;
    std::string deadline = bytes_of(now + kLifetime);
    records_.push_back({joined(kTokens, token_), joined(deadline, base::as_view(digest))});
    records_.push_back({joined(kDeadlines, deadline, token_), {}});
    tokens_.begin(token_);
    try {
        tokens_.forget_expired(now);
        was_done_ = tokens_.store_.get(records_.front().key, known) &&
                    known.substr(0, kDeadlineBytes) > bytes_of(now);
        if (was_done_ && known.substr(kDeadlineBytes) != base::as_view(digest)) {
            refuse("IdempotentParameterMismatchException",
                   "The request uses the same client token as a previous, but non-identical "
                   "request");
        }
    } catch (...) {
        std::lock_guard lock(tokens_.mutex_);
        tokens_.in_use_.erase(token_);
        throw;
    }
}

TransactionTokens::Use::~Use() {
    if (!token_.empty()) {
        std::lock_guard lock(tokens_.mutex_);
        tokens_.in_use_.erase(token_);
    }
}

void TransactionTokens::Use::remember() {
    Store::Batch batch;
    for (const StoreRecord& record : records_) {
        batch.put(record.key, record.value);
    }
    tokens_.store_.write(batch);
}

void TransactionTokens::begin(const std::string& token) {
    std::lock_guard lock(mutex_);
    if (!in_use_.insert(token).second) {
        refuse("TransactionInProgressException",
               "The transaction with the given request token is already in progress.");
    }
}

// An expired token that was used again has two deadlines, of which the later one counts.
void TransactionTokens::forget_expired(base::WallTime now) {
    {
        std::lock_guard lock(mutex_);
        if (uses_++ % kUsesBetweenSweeps != 0) {
            return;
        }
    }
    Store::Batch batch;
    std::string value;
    Store::Cursor cursor(store_, std::string(kDeadlines), joined(kDeadlines, bytes_of(now)));
    for (cursor.seek_first(); cursor.valid(); cursor.next()) {
        std::string_view entry = cursor.key().substr(kDeadlines.size());
        std::string token_key = joined(kTokens, entry.substr(kDeadlineBytes));
        if (store_.get(token_key, value) && value.starts_with(entry.substr(0, kDeadlineBytes))) {
            batch.remove(token_key);
        }
        batch.remove(cursor.key());
    }
    store_.write(batch);
}

}  // namespace dynamigrate::engine
