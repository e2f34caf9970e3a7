#pragma once

#include "rows.hpp"
#include "store.hpp"

#include <dynamigrate/base/clock.hpp>

#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::engine {

/// Client request tokens: what was done with one is not done again for ten minutes.
///
/// Kept in the store, together with what the transaction wrote, under keys that begin with 'k'.
/// Threads: any.
class TransactionTokens {
public:
    /// Both must outlive it.
    TransactionTokens(Store& store, base::Clock& clock) : store_(store), clock_(clock) {}
    TransactionTokens(const TransactionTokens&) = delete;
    TransactionTokens& operator=(const TransactionTokens&) = delete;

    /// One request's hold on its token. Does nothing for an empty token.
    class Use {
    public:
        /// `request`: the part of the request that must be the same when it is repeated.
        /// Errors: IdempotentParameterMismatchException; TransactionInProgressException when another
        ///         request has the token now.
        Use(TransactionTokens& tokens, std::string_view token, std::string_view request);
        ~Use();
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;

        /// Whether it was done before: then there is nothing to do.
        bool was_done() const noexcept { return was_done_; }
        /// What has to be put together with the writes.
        std::span<const StoreRecord> records() const noexcept { return records_; }
        /// Puts the records alone, for a transaction that changes no item.
        void remember();

    private:
        TransactionTokens& tokens_;
        std::string token_;
        bool was_done_ = false;
        std::vector<StoreRecord> records_;
    };

private:
    void begin(const std::string& token);
    void forget_expired(base::WallTime now);

    Store& store_;
    base::Clock& clock_;
    std::mutex mutex_;
    std::set<std::string, std::less<>> in_use_;
    std::size_t uses_ = 0;
};

}  // namespace dynamigrate::engine
