#pragma once

#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/dynamodb/number.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/testing/failing_service.hpp>
#include <dynamigrate/expressions/testing/memory_service.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace dynamigrate::backfill {

/// Records kept in memory, which outlive the attempts of a run.
class MemoryRecords final : public RunRecords {
public:
    std::optional<std::uint32_t> total_segments(std::uint32_t step) override {
        const std::lock_guard lock(mutex_);
        const auto found = totals_.find(step);
        return found == totals_.end() ? std::nullopt : std::optional(found->second);
    }
    void begin_step(std::uint32_t step, std::uint32_t total) override {
        const std::lock_guard lock(mutex_);
        totals_[step] = total;
    }
    std::vector<SegmentState> load_segments(std::uint32_t step) override {
        const std::lock_guard lock(mutex_);
        std::vector<SegmentState> states;
        for (const auto& [key, state] : segments_) {
            if (key.first == step) {
                states.push_back(state);
            }
        }
        return states;
    }
    void save_segment(std::uint32_t step, const SegmentState& state) override {
        const std::lock_guard lock(mutex_);
        SegmentState& kept = segments_[{step, state.segment}];
        if (kept.attempt > state.attempt) {
            throw base::Error(base::ErrorKind::aborted, "the segment was taken");
        }
        if (!drops_checkpoints) {
            kept = state;
        }
    }
    SegmentState take_segment(std::uint32_t step, std::uint32_t segment,
                              std::uint32_t after) override {
        const std::lock_guard lock(mutex_);
        const bool is_known = segments_.contains({step, segment});
        SegmentState& kept = segments_[{step, segment}];
        if (!kept.is_done) {
            kept.segment = segment;
            kept.attempt = std::max(kept.attempt, after) + 1;
            kept.journal_from = is_known ? kept.journal_from : kept.attempt;
        }
        return kept;
    }
    void quarantine(const QuarantinedItem& item) override {
        const std::lock_guard lock(mutex_);
        quarantine_[item.table + item.key] = item;
    }
    std::vector<QuarantinedItem> quarantined(std::uint32_t) override {
        const std::lock_guard lock(mutex_);
        std::vector<QuarantinedItem> items;
        for (const auto& [key, item] : quarantine_) {
            items.push_back(item);
        }
        return items;
    }
    void forget_quarantined(const QuarantinedItem& item) override {
        const std::lock_guard lock(mutex_);
        quarantine_.erase(item.table + item.key);
    }

    /// As after kill -9 right before a checkpoint: nothing is saved.
    bool drops_checkpoints = false;

private:
    std::mutex mutex_;
    std::map<std::uint32_t, std::uint32_t> totals_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, SegmentState> segments_;
    std::map<std::string, QuarantinedItem> quarantine_;
};

/// A transform from a function.
class FunctionTransform final : public Transform {
public:
    using Function = std::function<void(const dynamodb::Item&, base::Arena&, TransformOutput&)>;
    explicit FunctionTransform(Function function, bool changes_key = false, bool acts = false)
        : function_(std::move(function)),
          changes_key_(changes_key),
          acts_(acts) {}
    void apply(const dynamodb::Item& item, base::Arena& arena,
               TransformOutput& out) const override {
        function_(item, arena, out);
    }
    bool may_change_key() const override { return changes_key_; }
    bool may_act() const override { return acts_; }

private:
    Function function_;
    bool changes_key_;
    bool acts_;
};

/// c = c + 1: not idempotent.
inline FunctionTransform increment() {
    return FunctionTransform(
        [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            out.reads("c");
            const std::string next = dynamodb::add_numbers(item.text("c"), "1");
            out.change(item.with(arena, "c", dynamodb::AttributeValue::number(arena.copy(next))));
        });
}

/// low = lowercase(name): idempotent, reads another attribute.
inline FunctionTransform lower_name() {
    return FunctionTransform(
        [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            out.reads("name");
            std::string text(item.text("name"));
            std::transform(text.begin(), text.end(), text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            out.change(item.with(arena, "low", dynamodb::AttributeValue::string(arena.copy(text))));
        });
}

/// pk = "P#" + pk: a key change that would run for ever on its own output.
inline FunctionTransform prefix_key() {
    return FunctionTransform(
        [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            out.reads("pk");
            const std::string key = "P#" + std::string(item.text("pk"));
            out.change(item.with(arena, "pk", dynamodb::AttributeValue::string(arena.copy(key))));
        },
        true);
}

class BackfillTest : public ::testing::Test {
protected:
    static constexpr int kItems = 60;

    BackfillTest() {
        service.create_table("app", key);
        plan.run = "run1";
        plan.table = "app";
        plan.key = key;
        plan.lanes = 2;
        plan.segments = 3;
    }

    void fill(int count = kItems) {
        for (int i = 0; i < count; ++i) {
            service.put("app", item_json(i));
        }
    }
    static std::string key_json(int i) { return R"({"pk":{"S":"k)" + std::to_string(i) + R"("}})"; }
    static std::string item_json(int i) {
        const std::string n = std::to_string(i);
        return R"({"pk":{"S":"k)" + n + R"("},"c":{"N":")" + n + R"("},"name":{"S":"Name )" + n +
               R"("},"list":{"L":[{"BOOL":true},{"NULL":true}]}})";
    }

    layers::Journal& journal() {
        if (!journal_) {
            journal_ = layers::open_directory_journal(directory.path(), "run1");
        }
        return *journal_;
    }

    Surroundings surroundings(dynamodb::Service& over, std::uint32_t attempt = 1) {
        Surroundings all;
        all.service = &over;
        all.journal = &journal();
        all.records = &records;
        all.clock = &clock;
        all.random = &random;
        all.log = &base::null_log();
        all.attempt = attempt;
        all.fence = attempt;
        all.spool_directory = directory.path();
        return all;
    }

    Result run(const Transform& transform, std::uint32_t attempt = 1) {
        return run_over(service, transform, attempt);
    }
    Result run_over(dynamodb::Service& over, const Transform& transform,
                    std::uint32_t attempt = 1) {
        plan.transform = &transform;
        if (attempt > 1) {
            journal().seal();
        }
        return backfill::run(plan, surroundings(over, attempt), {});
    }
    UndoResult undo() {
        UndoPlan undo_plan;
        undo_plan.steps = {0};
        undo_plan.key_schema = [this](const std::string&) { return key; };
        undo_plan.on_conflict = [this](const UndoConflict& conflict) {
            undo_conflicts.push_back(conflict);
        };
        return backfill::undo(undo_plan, surroundings(service), {});
    }

    /// Fails the n-th request in the given way, then resumes until the run is through.
    /// Returns whether the failure happened at all.
    bool run_with_failure(const Transform& transform, int n, expressions::Failure failure) {
        expressions::FailingService failing(service, n, failure);
        try {
            run_over(failing, transform);
        } catch (const base::Error&) {
            run(transform, 2);
        }
        return failing.fired();
    }

    std::string number(int i, const std::string& name) {
        base::Arena arena;
        const std::string json = service.item("app", key_json(i));
        return json.empty() ? "" : std::string(dynamodb::parse_item(json, arena).text(name));
    }

    dynamodb::KeySchema key{{"pk", dynamodb::AttributeType::string}, {}};
    base::TemporaryDirectory directory;
    base::FakeClock clock;
    base::SeededRandom random{7};
    expressions::MemoryService service;
    MemoryRecords records;
    Plan plan;
    std::vector<UndoConflict> undo_conflicts;

private:
    std::unique_ptr<layers::Journal> journal_;
};

/// The fixture by itself, for tests that need several.
class World : public BackfillTest {
public:
    void TestBody() override {}
    using BackfillTest::clock;
    using BackfillTest::directory;
    using BackfillTest::fill;
    using BackfillTest::item_json;
    using BackfillTest::journal;
    using BackfillTest::key;
    using BackfillTest::key_json;
    using BackfillTest::number;
    using BackfillTest::plan;
    using BackfillTest::records;
    using BackfillTest::run;
    using BackfillTest::run_over;
    using BackfillTest::run_with_failure;
    using BackfillTest::service;
    using BackfillTest::surroundings;
    using BackfillTest::undo;

    const std::vector<UndoConflict>& conflicts() const { return undo_conflicts; }
};

}  // namespace dynamigrate::backfill
