#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <cstdint>
#include <functional>
#include <string_view>

namespace dynamigrate::cli {

/// Reads a table, page by page, when its expiry was switched on, and tells of the items whose time
/// is over. Everything passes.
///
/// Threads: any. Cancel: the call's stop ends the reading.
class ExpiryCount final : public dynamodb::Service {
public:
    struct Parts {
        dynamodb::Service& inner;
        base::Clock& clock;
        std::uint32_t segments = 1;  ///< in which it reads, one after another
        /// Told before the first read.
        std::function<void(std::string_view table, std::string_view attribute)> on_begin;
        /// Told of each item; valid during the call.
        std::function<void(std::string_view table, std::string_view attribute,
                           const dynamodb::Item& key, const dynamodb::Item& item)>
            on_expired;
    };

    /// What `parts` names must outlive it.
    explicit ExpiryCount(Parts parts) : parts_(std::move(parts)) {}

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return parts_.inner.location(); }

private:
    void count(const std::string& table, const std::string& attribute, const std::stop_token& stop);

    Parts parts_;
};

}  // namespace dynamigrate::cli
