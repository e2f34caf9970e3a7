#pragma once

#include <dynamigrate/dynamodb/service.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace dynamigrate::layers {

/// What was sent and what it cost.
struct MeterReading {
    using Counts = std::map<std::string, std::uint64_t, std::less<>>;

    std::uint64_t requests = 0;  ///< attempts, failed ones included
    std::uint64_t retries = 0;
    std::uint64_t failures = 0;  ///< attempts that ended with an error; a failed condition is none
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;
    double read_units = 0;   ///< as the answers told
    double write_units = 0;  ///< as the answers told
    Counts requests_by_operation;
    /// "" : no reason given, as of single statements of a batch.
    Counts throttles_by_reason;

    /// The sum over all reasons; a throttle with several reasons counts under each.
    std::uint64_t throttles() const;
    /// What was added since; both of one Meter.
    MeterReading since(const MeterReading& earlier) const;
};

/// Counts. Threads: any.
class Meter {
public:
    MeterReading reading() const;
    void count_retry();

private:
    friend class MeterService;
    void count_answer(const dynamodb::Call& call, dynamodb::Reply& reply);
    void count_failure(const dynamodb::Call& call, const base::Error& error);
    void count_request(const dynamodb::Call& call);

    mutable std::mutex mutex_;
    MeterReading reading_;
};

/// Counts every call and failure that passes.
class MeterService final : public dynamodb::Service {
public:
    MeterService(dynamodb::Service& inner, Meter& meter) : inner_(inner), meter_(meter) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return inner_.location(); }

private:
    dynamodb::Service& inner_;
    Meter& meter_;
};

}  // namespace dynamigrate::layers
