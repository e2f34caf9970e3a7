#include <dynamigrate/backfill/segment_trial.hpp>

#include "page_source.hpp"
#include "shared_run.hpp"

#include <dynamigrate/dynamodb/size.hpp>

#include <algorithm>

namespace dynamigrate::backfill {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::Item;

constexpr std::size_t kItemsOfAPage = 1000;

class Trial {
public:
    Trial(const Plan& plan, SegmentTrial& trial) : plan_(plan), trial_(trial) {
        if (!plan.where.text.empty()) {
            where_ = expressions::Condition::parse(plan.where, "condition");
        }
    }

    void page(const std::vector<Item>& items, base::Arena& arena) {
        std::vector<Item> matching;
        for (const Item& item : items) {
            if (!where_ || where_->matches(item)) {
                matching.push_back(item);
            }
        }
        std::vector<PageOutput> outputs(matching.size());
        plan_.transform->apply_page(matching, arena, outputs);
        for (std::size_t i = 0; i < matching.size(); ++i) {
            judge(matching[i], outputs[i]);
        }
    }

private:
    void judge(const Item& item, const PageOutput& decided) {
        const TransformOutput& output = decided.output;
        if (decided.failure) {
            ++trial_.failed;
            return;
        }
        const bool is_copy = !plan_.target_table.empty();
        const bool is_removed = output.kind() == TransformOutput::Kind::removed;
        const bool is_changed =
            output.kind() == TransformOutput::Kind::changed && !(output.after() == item);
        if (!is_copy && !is_removed && !is_changed) {
            return;
        }
        if (is_copy && is_removed) {
            return;
        }
        const Item& after = is_changed ? output.after() : item;
        const auto size = std::max(dynamodb::item_size(item), dynamodb::item_size(after));
        ++trial_.changed;
        trial_.write_units += dynamodb::write_units(size).value;
    }

    const Plan& plan_;
    SegmentTrial& trial_;
    std::optional<expressions::Condition> where_;
};

}  // namespace

SegmentTrial try_segment(const Plan& plan, const Surroundings& surroundings, std::uint32_t segment,
                         std::uint32_t total, std::stop_token stop, std::stop_token stop_now) {
    SegmentTrial trial;
    base::Arena filters(512);
    const Target table{plan.table, plan.key};
    const expressions::ExpressionText filter = server_filter(plan, filters);
    SourceReader reader;
    reader.service = surroundings.service;
    reader.table = &table;
    reader.filter = &filter;
    reader.stop_now = stop_now;
    const auto source = make_scan(reader, {}, segment, total);
    Trial trying(plan, trial);
    std::string position;
    base::Arena arena;
    while (!trial.is_done && !stop.stop_requested() && !stop_now.stop_requested()) {
        arena.reset();
        std::vector<Item> items;
        trial.is_done = !source->read(kItemsOfAPage, position, arena, items);
        trying.page(items, arena);
        trial.read += source->scanned();
    }
    return trial;
}

}  // namespace dynamigrate::backfill
