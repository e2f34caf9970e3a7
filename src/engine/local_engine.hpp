#pragma once

#include "backups.hpp"
#include "catalog.hpp"
#include "database.hpp"
#include "key_locks.hpp"
#include "rows.hpp"
#include "store.hpp"
#include "sweeper.hpp"
#include "transaction_tokens.hpp"
#include "transitions.hpp"

#include <dynamigrate/engine/engine.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace dynamigrate::engine {

struct Request;

/// What an engine is made of: who makes it decides where items and definitions lie.
struct EngineParts {
    std::string location;  ///< for people
    std::unique_ptr<Store> store;
    std::unique_ptr<KeyLocks> locks;
    std::unique_ptr<Catalog> catalog;
    std::unique_ptr<Rows> rows;
};

/// Reads requests, runs operations, words answers.
class LocalEngine final : public Engine {
public:
    LocalEngine(EngineParts parts, const EngineOptions& options);
    ~LocalEngine() override;

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return parts_.location; }
    std::size_t delete_expired() override;

private:
    class BorrowedRequest;

    void answer(const dynamodb::Call& call, Request& request, dynamodb::Reply& reply);

    base::SystemClock system_clock_;
    std::unique_ptr<base::Random> system_random_;
    base::Clock& clock_;
    EngineParts parts_;
    Backups backups_;
    TransactionTokens transaction_tokens_;
    Transitions transitions_;
    Database database_;
    std::mutex requests_mutex_;
    std::vector<std::unique_ptr<Request>> idle_requests_;
    std::optional<Sweeper> sweeper_;
};

}  // namespace dynamigrate::engine
