#pragma once

#include "catalog.hpp"
#include "key_locks.hpp"
#include "rows.hpp"

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/random.hpp>

#include <string>

namespace dynamigrate::engine {

class Backups;
class TransactionTokens;
class Transitions;

/// What the operations work on.
struct Database {
    base::Clock& clock;
    base::Random& random;
    Catalog& catalog;
    Rows& rows;
    KeyLocks& locks;
    Transitions& transitions;  ///< tables and indexes on their way to another status
    Backups& backups;
    std::string region;
    TransactionTokens& transaction_tokens;
};

}  // namespace dynamigrate::engine
