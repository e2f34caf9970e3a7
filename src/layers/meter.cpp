#include <dynamigrate/layers/meter.hpp>

#include "call_traits.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace dynamigrate::layers {

namespace {

using Counts = MeterReading::Counts;

void add_one(Counts& counts, std::string_view name) {
    auto found = counts.find(name);
    if (found == counts.end()) {
        found = counts.emplace(std::string(name), 0).first;
    }
    ++found->second;
}

bool contains(std::string_view text, std::string_view part) {
    return memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

/// Throttled statements of a batch, whose call succeeds.
std::size_t throttled_statements(std::string_view operation, std::string_view body) {
    std::size_t found = 0;
    if (operation == "BatchExecuteStatement" && contains(body, "\"Code\"")) {
        for (const std::string_view code :
             {R"("Code":"ThrottlingError")", R"("Code":"ProvisionedThroughputExceeded")",
              R"("Code":"RequestLimitExceeded")"}) {
            for (std::size_t at = 0; (at = body.find(code, at)) != body.npos; at += code.size()) {
                ++found;
            }
        }
    }
    return found;
}

Counts difference(Counts counts, const Counts& earlier) {
    for (auto& [name, count] : counts) {
        const auto found = earlier.find(name);
        count -= found == earlier.end() ? 0 : found->second;
    }
    std::erase_if(counts, [](const auto& each) { return each.second == 0; });
    return counts;
}

}  // namespace

std::uint64_t MeterReading::throttles() const {
    std::uint64_t sum = 0;
    for (const auto& [reason, count] : throttles_by_reason) {
        sum += count;
    }
    return sum;
}

MeterReading MeterReading::since(const MeterReading& earlier) const {
    MeterReading reading = *this;
    reading.requests -= earlier.requests;
    reading.retries -= earlier.retries;
    reading.failures -= earlier.failures;
    reading.request_bytes -= earlier.request_bytes;
    reading.response_bytes -= earlier.response_bytes;
    reading.read_units -= earlier.read_units;
    reading.write_units -= earlier.write_units;
    reading.requests_by_operation =
        difference(std::move(reading.requests_by_operation), earlier.requests_by_operation);
    reading.throttles_by_reason =
        difference(std::move(reading.throttles_by_reason), earlier.throttles_by_reason);
    return reading;
}

MeterReading Meter::reading() const {
    const std::lock_guard lock(mutex_);
    return reading_;
}

void Meter::count_retry() {
    const std::lock_guard lock(mutex_);
    ++reading_.retries;
}

void Meter::count_answer(const dynamodb::Call& call, dynamodb::Reply& reply) {
    const CapacitySide side = capacity_side(call);
    double read = 0;
    double write = 0;
    for_each_capacity(reply, [&](const dynamodb::ConsumedCapacity& capacity) {
        if (capacity.read || capacity.write) {
            read += capacity.read.value_or(0);
            write += capacity.write.value_or(0);
        } else {
            (side == CapacitySide::write ? write : read) += capacity.total;
        }
    });
    const std::size_t throttled = throttled_statements(call.operation, reply.body);
    const std::lock_guard lock(mutex_);
    count_request(call);
    for (std::size_t i = 0; i < throttled; ++i) {
        add_one(reading_.throttles_by_reason, "");
    }
    reading_.response_bytes += reply.body.size();
    reading_.read_units += read;
    reading_.write_units += write;
}

void Meter::count_failure(const dynamodb::Call& call, const base::Error& error) {
    const std::lock_guard lock(mutex_);
    count_request(call);
    ++reading_.failures;
    reading_.response_bytes += error.service_body().size();
    if (error.kind() != base::ErrorKind::throttled) {
        return;
    }
    std::vector<std::string_view> reasons;
    std::string_view rest = error.throttling_reasons();
    do {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        const std::string_view reason = rest.substr(0, comma);
        if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) {
            reasons.push_back(reason);
            add_one(reading_.throttles_by_reason, reason);
        }
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    } while (!rest.empty());
}

void Meter::count_request(const dynamodb::Call& call) {
    ++reading_.requests;
    reading_.request_bytes += call.body.size();
    add_one(reading_.requests_by_operation, call.operation);
}

void MeterService::call(const dynamodb::Call& call, dynamodb::Reply& reply) {
    try {
        inner_.call(call, reply);
    } catch (const base::Error& error) {
        meter_.count_failure(call, error);
        throw;
    }
    meter_.count_answer(call, reply);
}

}  // namespace dynamigrate::layers
