#pragma once

#include "rows.hpp"

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/page.hpp>
#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/dynamodb/table.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::engine {

/// Passes reads to another Service and nothing else.
///
/// Errors: internal for every operation that is not `is_read_only`; the inner service never sees it.
class ReadOnly final : public dynamodb::Service {
public:
    explicit ReadOnly(dynamodb::Service& inner) : inner_(inner) {}

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return inner_.location(); }

private:
    dynamodb::Service& inner_;
};

/// What an overlay reads of the Service beneath it.
///
/// Threads: any. Cancel: `stop` ends the reads of all with Error cancelled.
/// Errors:  the service's, without its code: an engine that reads must not take them for answers to
///          what it was asked itself.
class OverlayBase {
public:
    OverlayBase(dynamodb::Service& service, std::stop_token stop)
        : service_(service),
          stop_(std::move(stop)) {}

    std::optional<dynamodb::TableDescription> describe(std::string_view table);
    /// The attribute by which items expire, or "".
    std::string ttl_attribute(std::string_view table);
    std::vector<std::string> table_names();

    /// False when there is no such item.
    bool get(std::string_view table, const dynamodb::Item& key, bool is_consistent, StoredRow& out);
    /// Calls `visit` for every item that is there, by as few requests as possible. Returns the keys,
    /// by index, that the service left unprocessed.
    std::vector<bool> get_all(std::string_view table, std::span<const dynamodb::Item> keys,
                              bool is_consistent,
                              const std::function<void(const dynamodb::Item&)>& visit);
    /// One page of a Scan or a Query.
    void read_page(std::string_view operation, std::string_view table, const std::string& body,
                   dynamodb::PageReader& reader, base::Arena& arena, dynamodb::Page& page);

    /// Any reading operation, with the service's own errors.
    void pass(std::string_view operation, const std::string& body, dynamodb::Reply& reply);

    std::string location() const { return service_.location(); }

private:
    void call(std::string_view operation, std::string_view table, const std::string& body,
              double expected_units, dynamodb::Reply& reply);

    ReadOnly service_;
    std::stop_token stop_;
};

}  // namespace dynamigrate::engine
