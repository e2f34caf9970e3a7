#include "matching_items.hpp"

#include <dynamigrate/dynamodb/page.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/condition.hpp>
#include <dynamigrate/json/writer.hpp>

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

namespace dynamigrate::migrate {

namespace {

using dynamodb::Item;

/// One segment of a scan, page by page.
class Segment {
public:
    Segment(const StepRun& run, const Counted& counted, std::uint32_t segment, std::uint32_t total,
            bool with_keys)
        : run_(run),
          counted_(counted),
          segment_(segment),
          total_(total),
          with_keys_(with_keys) {}

    /// Reads the next page; false when there is none.
    bool next() {
        if (has_ended_) {
            return false;
        }
        std::string request = body();
        reply_.clear();
        run_.surroundings.service->call({"Scan", request, run_.stop_now, 0}, reply_);
        arena_.reset();
        reader_.read(reply_, arena_, page_);
        start_ = page_.last_evaluated_key.empty()
                     ? std::string()
                     : dynamodb::to_wire_json(page_.last_evaluated_key);
        has_ended_ = start_.empty();
        return true;
    }
    const dynamodb::Page& page() const { return page_; }

private:
    std::string body() const {
        std::string text;
        json::Writer out(text);
        out.begin_object().key("TableName").string(counted_.table);
        const std::string& index = std::get<backfill::ScanSource>(counted_.source).index;
        if (!index.empty()) {
            out.key("IndexName").string(index);
        }
        if (total_ > 1) {
            out.key("Segment").number(segment_).key("TotalSegments").number(total_);
        }
        if (counted_.is_consistent) {
            out.key("ConsistentRead").boolean(true);
        }
        if (!start_.empty()) {
            out.key("ExclusiveStartKey").raw(start_);
        }
        write_expressions(out);
        out.key("ReturnConsumedCapacity").string("TOTAL").end_object();
        return text;
    }

    void write_expressions(json::Writer& out) const {
        auto names = counted_.where.names;
        if (with_keys_) {
            std::string projection = "#dmhash";
            names.emplace_back("#dmhash", counted_.key.hash.name);
            if (counted_.key.sort) {
                projection += ", #dmsort";
                names.emplace_back("#dmsort", counted_.key.sort->name);
            }
            out.key("ProjectionExpression").string(projection);
        } else {
            out.key("Select").string("COUNT");
        }
        if (!counted_.where.text.empty()) {
            out.key("FilterExpression").string(counted_.where.text);
        }
        if (!names.empty()) {
            out.key("ExpressionAttributeNames").begin_object();
            for (const auto& [placeholder, name] : names) {
                out.key(placeholder).string(name);
            }
            out.end_object();
        }
        if (counted_.where.values) {
            out.key("ExpressionAttributeValues")
                .raw(dynamodb::to_wire_json(counted_.where.values->item));
        }
    }

    const StepRun& run_;
    const Counted& counted_;
    std::uint32_t segment_;
    std::uint32_t total_;
    bool with_keys_;
    std::string start_;
    bool has_ended_ = false;
    dynamodb::Reply reply_;
    dynamodb::PageReader reader_;
    base::Arena arena_;
    dynamodb::Page page_;
};

CountResult count_segment(const StepRun& run, const Counted& counted, std::uint32_t segment,
                          std::uint32_t total, const std::atomic<bool>& has_failed) {
    CountResult result;
    Segment pages(run, counted, segment, total, false);
    while (pages.next()) {
        result.read += static_cast<std::uint64_t>(pages.page().scanned_count);
        result.matched += static_cast<std::uint64_t>(pages.page().count);
        if (run.stop.stop_requested() || has_failed) {
            result.stopped = true;
            break;
        }
    }
    return result;
}

CountResult count_scan(const StepRun& run, const Counted& counted) {
    CountResult sum;
    std::mutex mutex;
    std::exception_ptr failure;
    std::atomic<bool> has_failed = false;
    {
        std::vector<std::jthread> lanes;
        for (std::uint32_t segment = 0; segment < counted.lanes; ++segment) {
            lanes.emplace_back([&, segment] {
                try {
                    CountResult result =
                        count_segment(run, counted, segment, counted.lanes, has_failed);
                    std::lock_guard lock(mutex);
                    sum.read += result.read;
                    sum.matched += result.matched;
                    sum.stopped |= result.stopped;
                } catch (...) {
                    std::lock_guard lock(mutex);
                    failure = failure ? failure : std::current_exception();
                    has_failed = true;
                }
            });
        }
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    return sum;
}

/// A query's filter may not name key attributes: the condition is evaluated here.
void visit_query(const StepRun& run, const Counted& counted,
                 const std::function<bool(const Item&, bool matches)>& visit) {
    const auto& source = std::get<backfill::QuerySource>(counted.source);
    auto where = counted.where.text.empty()
                     ? expressions::Condition()
                     : expressions::Condition::parse(counted.where.view(), "where");
    dynamodb::QueryInput input;
    input.table = counted.table;
    input.index = source.index;
    input.key_condition = source.key_condition;
    input.consistent = counted.is_consistent;
    input.forward = source.forward;
    dynamodb::query(
        *run.surroundings.service, input,
        [&](const Item& item) { return visit(item, where.matches(item)); }, run.stop_now);
}

std::string digest(const Counted& counted, const Item& item) {
    base::Arena arena(512);
    return dynamodb::key_digest(counted.key.key_of(item, arena));
}

}  // namespace

CountResult count_items(const StepRun& run, const Counted& counted) {
    if (std::holds_alternative<backfill::ScanSource>(counted.source)) {
        return count_scan(run, counted);
    }
    CountResult result;
    visit_query(run, counted, [&](const Item&, bool matches) {
        ++result.read;
        result.matched += matches ? 1 : 0;
        result.stopped = run.stop.stop_requested();
        return !result.stopped;
    });
    return result;
}

std::vector<std::string> find_keys(const StepRun& run, const Counted& counted, std::size_t limit) {
    std::vector<std::string> found;
    if (std::holds_alternative<backfill::QuerySource>(counted.source)) {
        visit_query(run, counted, [&](const Item& item, bool matches) {
            if (matches) {
                found.push_back(digest(counted, item));
            }
            return found.size() < limit && !run.stop.stop_requested();
        });
        return found;
    }
    Segment pages(run, counted, 0, 1, true);
    while (found.size() < limit && !run.stop.stop_requested() && pages.next()) {
        for (const Item& item : pages.page().items) {
            if (found.size() < limit) {
                found.push_back(digest(counted, item));
            }
        }
    }
    return found;
}

}  // namespace dynamigrate::migrate
