#include "index_violations.hpp"

#include <dynamigrate/dynamodb/page.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

namespace dynamigrate::migrate {

namespace {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::TableDescription;

constexpr std::size_t kMaxHashBytes = 2048;
constexpr std::size_t kMaxSortBytes = 1024;
constexpr std::size_t kNamed = 20;
constexpr std::uint32_t kDefaultLanes = 4;
constexpr std::int64_t kBytesPerLane = 4 * 1024 * 1024;

std::string violation_of(const Item& item, const KeyAttribute& attribute, std::size_t most) {
    const AttributeValue* value = item.find(attribute.name);
    if (value == nullptr) {
        return {};
    }
    if (!value->is(attribute.type)) {
        return fmt::format("{} is {}, not {}", attribute.name, dynamodb::to_string(value->type()),
                           dynamodb::to_string(attribute.type));
    }
    if (attribute.type == AttributeType::number) {
        return {};
    }
    std::size_t size = value->text().size();
    if (size == 0) {
        return fmt::format("{} is empty", attribute.name);
    }
    return size > most ? fmt::format("{} has {} bytes, more than {}", attribute.name, size, most)
                       : std::string();
}

/// What the service is to send, and what of it.
class Question {
public:
    Question(const TableDescription& table, const IndexDefinition& index) : table_(table) {
        add(index.hash, kMaxHashBytes);
        if (index.sort) {
            add(*index.sort, kMaxSortBytes);
        }
        project(table.key.hash.name);
        if (table.key.sort) {
            project(table.key.sort->name);
        }
    }

    std::string body(std::uint32_t segment, std::uint32_t total, const std::string& start) const {
        std::string text;
        json::Writer out(text);
        out.begin_object().key("TableName").string(table_.name);
        if (total > 1) {
            out.key("Segment").number(segment).key("TotalSegments").number(total);
        }
        if (!start.empty()) {
            out.key("ExclusiveStartKey").raw(start);
        }
        out.key("ConsistentRead").boolean(true);
        out.key("FilterExpression").string(filter_);
        out.key("ProjectionExpression").string(projection_);
        out.key("ExpressionAttributeNames").begin_object();
        for (const auto& [placeholder, name] : names_) {
            out.key(placeholder).string(name);
        }
        out.end_object().key("ExpressionAttributeValues").begin_object();
        for (const auto& [placeholder, value] : values_) {
            out.key(placeholder).raw(value);
        }
        out.end_object().key("ReturnConsumedCapacity").string("TOTAL").end_object();
        return text;
    }

private:
    void add(const KeyAttribute& attribute, std::size_t most) {
        std::string name = project(attribute.name);
        std::string type = fmt::format(":t{}", values_.size());
        values_.emplace_back(type,
                             fmt::format(R"({{"S":"{}"}})", dynamodb::to_string(attribute.type)));
        std::string part = fmt::format("NOT attribute_type({}, {})", name, type);
        if (attribute.type != AttributeType::number) {
            std::string limit = fmt::format(":m{}", values_.size());
            values_.emplace_back(limit, fmt::format(R"({{"N":"{}"}})", most));
            std::string none = fmt::format(":z{}", values_.size());
            values_.emplace_back(none, R"({"N":"0"})");
            part += fmt::format(" OR size({}) > {} OR size({}) = {}", name, limit, name, none);
        }
        filter_ += fmt::format("{}(attribute_exists({}) AND ({}))", filter_.empty() ? "" : " OR ",
                               name, part);
    }

    /// The placeholder of a name, which is projected once.
    std::string project(const std::string& attribute) {
        for (const auto& [placeholder, name] : names_) {
            if (name == attribute) {
                return placeholder;
            }
        }
        names_.emplace_back(fmt::format("#k{}", names_.size()), attribute);
        projection_ += (projection_.empty() ? "" : ", ") + names_.back().first;
        return names_.back().first;
    }

    const TableDescription& table_;
    std::string filter_;
    std::string projection_;
    std::vector<std::pair<std::string, std::string>> names_;
    std::vector<std::pair<std::string, std::string>> values_;
};

/// Scans all segments at once.
class ViolationScan {
public:
    ViolationScan(const StepRun& run, const TableDescription& table, const IndexDefinition& index)
        : run_(run),
          table_(table),
          index_(index),
          question_(table, index) {}

    KeyViolations find(std::uint32_t lanes) {
        {
            std::vector<std::jthread> threads;
            for (std::uint32_t segment = 0; segment < lanes; ++segment) {
                threads.emplace_back([this, segment, lanes] { work(segment, lanes); });
            }
        }
        if (failure_) {
            std::rethrow_exception(failure_);
        }
        std::sort(found_.first.begin(), found_.first.end(),
                  [](const auto& a, const auto& b) { return a.key < b.key; });
        return std::move(found_);
    }

private:
    void work(std::uint32_t segment, std::uint32_t lanes) {
        try {
            read(segment, lanes);
        } catch (...) {
            std::lock_guard lock(mutex_);
            failure_ = failure_ ? failure_ : std::current_exception();
            has_failed_ = true;
        }
    }

    void read(std::uint32_t segment, std::uint32_t lanes) {
        std::string start;
        dynamodb::Reply reply;
        dynamodb::PageReader reader;
        base::Arena arena;
        dynamodb::Page page;
        do {
            std::string body = question_.body(segment, lanes, start);
            reply.clear();
            run_.surroundings.service->call({"Scan", body, run_.stop_now, 0}, reply);
            arena.reset();
            reader.read(reply, arena, page);
            note(page, arena);
            start = page.last_evaluated_key.empty()
                        ? std::string()
                        : dynamodb::to_wire_json(page.last_evaluated_key);
            if (run_.stop.stop_requested() || has_failed_) {
                std::lock_guard lock(mutex_);
                found_.stopped = true;
                return;
            }
        } while (!start.empty());
    }

    /// The filter is coarser than the check where an endpoint's size() is.
    void note(const dynamodb::Page& page, base::Arena& arena) {
        std::lock_guard lock(mutex_);
        found_.read += static_cast<std::uint64_t>(page.scanned_count);
        for (const Item& item : page.items) {
            std::string reason = migrate::violation_of(item, index_);
            if (reason.empty()) {
                continue;
            }
            ++found_.count;
            if (found_.first.size() < kNamed) {
                Item key = table_.key.key_of(item, arena);
                found_.first.push_back(
                    {run_.shows_keys ? dynamodb::to_wire_json(key) : dynamodb::key_digest(key),
                     std::move(reason)});
            }
        }
    }

    const StepRun& run_;
    const TableDescription& table_;
    const IndexDefinition& index_;
    Question question_;
    std::mutex mutex_;
    KeyViolations found_;
    std::exception_ptr failure_;
    std::atomic<bool> has_failed_ = false;
};

}  // namespace

std::string violation_of(const Item& item, const IndexDefinition& index) {
    std::string reason = violation_of(item, index.hash, kMaxHashBytes);
    if (reason.empty() && index.sort) {
        reason = violation_of(item, *index.sort, kMaxSortBytes);
    }
    return reason;
}

KeyViolations find_violations(const StepRun& run, const TableDescription& table,
                              const IndexDefinition& index) {
    if (run.set_pace) {
        run.set_pace(std::nullopt, std::nullopt);
    }
    auto useful = static_cast<std::uint32_t>(
        std::min<std::int64_t>(table.size_bytes / kBytesPerLane + 1, 1024));
    std::uint32_t lanes =
        std::clamp<std::uint32_t>(run.settings.lanes.value_or(kDefaultLanes), 1, useful);
    return ViolationScan(run, table, index).find(lanes);
}

std::string violations_line(const KeyViolations& found, const std::string& index) {
    std::vector<std::string> named;
    for (const KeyViolation& violation : found.first) {
        named.push_back(fmt::format("{}: {}", violation.key, violation.reason));
    }
    std::uint64_t others = found.count - found.first.size();
    return fmt::format("{} of {} items violate the key of index {} and would not be in it: {}{}",
                       found.count, found.read, index, fmt::join(named, "; "),
                       others > 0 ? fmt::format("; and {} more", others) : "");
}

}  // namespace dynamigrate::migrate
