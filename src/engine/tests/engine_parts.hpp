#pragma once

#include "../backups.hpp"
#include "../database.hpp"
#include "../stored_catalog.hpp"
#include "../stored_rows.hpp"
#include "../transaction_tokens.hpp"
#include "../transitions.hpp"

namespace dynamigrate::engine {

/// What an engine in memory is made of, its time standing still.
struct MemoryParts {
    base::FakeClock clock;
    base::SeededRandom random{1};
    Store store{Store::Kind::memory, ""};
    KeyLocks locks;
    StoredCatalog catalog{store};
    StoredRows rows{store, locks};
    Backups backups{store};
    Transitions transitions{clock, catalog, rows, std::chrono::milliseconds(0)};
    TransactionTokens tokens{store, clock};
    Database database{clock, random, catalog, rows, locks, transitions, backups, "local", tokens};
};

}  // namespace dynamigrate::engine
