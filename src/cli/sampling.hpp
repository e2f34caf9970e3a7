#pragma once

#include <dynamigrate/base/random.hpp>
#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/json/value.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>

namespace dynamigrate::cli {

/// Shortens every Scan to a sample: of each segment one page from a random place. The same segment
/// gives the same page again, so that what one step changed the next one sees. Tables with no more
/// items than wanted are read whole. Everything else passes.
///
/// Threads: any.
class SamplingService final : public dynamodb::Service {
public:
    /// What was read together: primary keys; `place` names the segment it is of, `population` says
    /// how many items the table, or the index that is scanned, has by its description. Valid during
    /// the call.
    struct Read {
        std::string_view table;
        std::uint64_t place = 0;
        std::span<const dynamodb::Item> keys;
        std::uint64_t population = 0;
    };
    using OnRead = std::function<void(const Read&)>;

    /// About `items` items of each table. The inner service must outlive it.
    SamplingService(dynamodb::Service& inner, std::uint64_t items, std::uint64_t seed,
                    OnRead on_read);

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return inner_.location(); }

private:
    struct Place;  ///< where a segment's sample is read

    const dynamodb::TableDescription& describe(const std::string& table,
                                               const std::stop_token& stop);
    Place choose(const json::Value& body, const dynamodb::TableDescription& table) const;
    void finish(const dynamodb::TableDescription& table, const Place& place,
                dynamodb::Reply& reply);
    std::uint64_t left_of(const Place& place, bool is_begun);

    dynamodb::Service& inner_;
    std::uint64_t items_;
    std::uint64_t seed_;
    OnRead on_read_;
    std::mutex mutex_;
    std::map<std::string, dynamodb::TableDescription> tables_;
    std::map<std::uint64_t, std::uint64_t> left_;  ///< items still to be read, by place
};

}  // namespace dynamigrate::cli
