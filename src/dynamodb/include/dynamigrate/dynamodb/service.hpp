#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/units.hpp>

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dynamigrate::dynamodb {

/// Capacity that a call consumed on one table, as the answer's ConsumedCapacity tells.
struct ConsumedCapacity {
    std::string table;
    double total = 0;                   ///< all units, indexes included
    std::optional<double> read, write;  ///< only in transactions
    double table_units = 0;             ///< the table's own part, with INDEXES; else = total
    std::vector<std::pair<std::string, double>> indexes;  ///< by index name, with INDEXES
};

/// One request of the DynamoDB API: an operation's name and its body in wire JSON.
struct Call {
    std::string_view operation;  ///< "GetItem": what follows "DynamoDB_20120810." in the target
    std::string_view body;       ///< a JSON object; unknown members pass unchanged
    std::stop_token stop = {};   ///< a stop ends waits and the transfer with Error cancelled
    /// Capacity units that the caller expects it to consume; 0: unknown, a layer estimates.
    double expected_units = 0;
    /// The one table that it touches, where the caller knows it; else layers look into the body.
    std::string_view table = {};
};

/// How a call ended in the normal course; everything else is thrown.
enum class Outcome {
    success,
    condition_failed,       ///< ConditionalCheckFailedException; the body holds the error document
    transaction_cancelled,  ///< TransactionCanceledException; the body has CancellationReasons
};

/// An answer. Reused from call to call, so that its buffers are.
struct Reply {
    Outcome outcome = Outcome::success;
    std::string body;  ///< wire JSON, with spare capacity for `json::Reader`
    std::string request_id;
    /// An earlier attempt of this call (see layers' retry) may have been applied: then
    /// `condition_failed` is no conflict but must be settled by reading.
    bool earlier_attempt_may_have_applied = false;

    /// The body's ConsumedCapacity (one or a list), parsed at the first use; empty when the
    /// answer has none. Must be called before the body is consumed destructively (nobody does).
    const std::vector<ConsumedCapacity>& consumed_capacity();
    /// Makes it ready for the next call.
    void clear();

private:
    bool capacity_parsed_ = false;
    std::vector<ConsumedCapacity> capacity_;
};

/// Whatever answers the DynamoDB API: AWS over HTTP, an emulator, an engine, a layer over another.
///
/// Threads: `call` may be called from many threads at once, each with its own Reply.
/// Errors:  base::Error with the service's code, kind, throttling reasons and
///          `may_have_applied()` (true unless the request surely had no effect).
///          `cancelled` when stopped.
class Service {
public:
    virtual ~Service() = default;
    virtual void call(const Call& call, Reply& reply) = 0;
    /// What it is, for people: "table app"-less endpoint such as "http://localhost:8000".
    virtual std::string location() const = 0;
};

/// The error for an error answer: kind from code and status, reasons from the body.
/// `body` is the error document ({"__type": "...#ValidationException", "message": "..."}).
base::Error make_service_error(std::string_view operation, int http_status, std::string_view body);

/// Whether the operation changes nothing (GetItem, Query, Scan, Describe..., List...): a retry of it
/// is harmless and it never `may_have_applied`.
bool is_read_only(std::string_view operation) noexcept;

/// The names of the tables that a request touches: TableName, RequestItems, TransactItems, and the
/// FROM/INTO/UPDATE table of PartiQL statements. Unknown operations: empty.
std::vector<std::string> tables_of(const Call& call);

}  // namespace dynamigrate::dynamodb
