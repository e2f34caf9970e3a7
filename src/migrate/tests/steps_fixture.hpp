#pragma once

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/testing/memory_service.hpp>
#include <dynamigrate/layers/journal.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// The records of a run, in memory.
class KeptRecords final : public backfill::RunRecords {
public:
    std::optional<std::uint32_t> total_segments(std::uint32_t step) override {
        std::lock_guard lock(mutex_);
        auto found = totals_.find(step);
        return found == totals_.end() ? std::nullopt : std::optional(found->second);
    }
    void begin_step(std::uint32_t step, std::uint32_t total) override {
        std::lock_guard lock(mutex_);
        totals_[step] = total;
    }
    std::vector<backfill::SegmentState> load_segments(std::uint32_t step) override {
        std::lock_guard lock(mutex_);
        std::vector<backfill::SegmentState> states;
        for (const auto& [place, state] : segments_) {
            if (place.first == step) {
                states.push_back(state);
            }
        }
        return states;
    }
    void save_segment(std::uint32_t step, const backfill::SegmentState& state) override {
        std::lock_guard lock(mutex_);
        segments_[{step, state.segment}] = state;
    }
    backfill::SegmentState take_segment(std::uint32_t step, std::uint32_t segment,
                                        std::uint32_t after) override {
        std::lock_guard lock(mutex_);
        backfill::SegmentState& state = segments_[{step, segment}];
        state.segment = segment;
        state.attempt = std::max(state.attempt, after) + 1;
        return state;
    }
    void quarantine(const backfill::QuarantinedItem& item) override {
        std::lock_guard lock(mutex_);
        quarantined_.push_back(item);
    }
    std::vector<backfill::QuarantinedItem> quarantined(std::uint32_t) override {
        std::lock_guard lock(mutex_);
        return quarantined_;
    }
    void forget_quarantined(const backfill::QuarantinedItem&) override {}

private:
    std::mutex mutex_;
    std::map<std::uint32_t, std::uint32_t> totals_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, backfill::SegmentState> segments_;
    std::vector<backfill::QuarantinedItem> quarantined_;
};

/// The notes of a step, in memory.
class KeptNotes final : public StepNotes {
public:
    std::optional<std::string> read(std::string_view name) override {
        auto found = notes.find(std::string(name));
        return found == notes.end() ? std::nullopt : std::optional(found->second);
    }
    void write(std::string_view name, std::string_view text) override {
        notes[std::string(name)] = text;
    }
    void forget(std::string_view name) override { notes.erase(std::string(name)); }

    std::map<std::string, std::string> notes;
};

/// Steps run against a DynamoDB in memory; the logical table `app` is `prod-app` there.
class StepsTest : public ::testing::Test {
protected:
    explicit StepsTest(expressions::MemoryOptions options = {}) : service(options) {}

    StepRun step_run(dynamodb::Service& to) {
        StepRun run;
        journal = layers::open_directory_journal(directory.path(), "run-1");
        run.surroundings.service = &to;
        run.surroundings.journal = journal.get();
        run.surroundings.records = &records;
        run.surroundings.clock = &clock;
        run.surroundings.random = &random;
        run.surroundings.log = &base::null_log();
        run.surroundings.spool_directory = directory.path();
        run.run = "run-1";
        run.started_at = "2026-01-31T00:00:00.000Z";
        run.index = next_index++;
        run.notes = &notes;
        run.reversed = &notes;
        run.stop = stop.get_token();
        run.table = [](const std::string& name) { return name == "app" ? "prod-app" : name; };
        run.tell = [this](const std::string& line) { told.push_back(line); };
        return run;
    }
    StepResult run(const StepPtr& step) { return step->run(step_run(service)); }
    StepResult run(const Step& step) { return step.run(step_run(service)); }
    std::string error_of(const StepPtr& step) {
        try {
            run(step);
        } catch (const base::Error& error) {
            kind = error.kind();
            return error.what();
        }
        return "no error";
    }

    void create_app() {
        service.create_table("prod-app", {{"id", dynamodb::AttributeType::string}, std::nullopt});
    }
    void put(const std::string& item) { service.put("prod-app", item); }
    /// All items, in wire JSON with sorted names.
    std::vector<std::string> items(const std::string& table = "prod-app") const {
        std::vector<std::string> all;
        for (const auto& [key, item] : service.items(table)) {
            all.push_back(item);
        }
        return all;
    }
    dynamodb::TableDescription described(const std::string& table = "prod-app") const {
        return dynamodb::parse_table_description("{\"Table\":" + service.description(table) + "}");
    }
    static std::shared_ptr<const dynamodb::OwnedItem> owned(const std::string& json) {
        base::Arena arena;
        return std::make_shared<dynamodb::OwnedItem>(dynamodb::parse_item(json, arena));
    }
    static OwnedExpression expression(std::string text, const std::string& values = {},
                                      std::vector<std::pair<std::string, std::string>> names = {}) {
        OwnedExpression result;
        result.text = std::move(text);
        result.names = std::move(names);
        if (!values.empty()) {
            result.values = owned(values);
        }
        return result;
    }
    static std::vector<std::string> codes(const StepPtr& step) {
        std::vector<Finding> findings;
        step->validate("m.yaml:3:5", findings);
        std::vector<std::string> list;
        for (const Finding& finding : findings) {
            list.push_back(finding.code);
        }
        return list;
    }

    using Strings = std::vector<std::string>;
    expressions::MemoryService service;
    KeptRecords records;
    KeptNotes notes;  ///< of every step: tests of several begin with none
    base::FakeClock clock;
    base::SeededRandom random{7};
    base::TemporaryDirectory directory;
    std::unique_ptr<layers::Journal> journal;
    std::stop_source stop;
    std::vector<std::string> told;
    base::ErrorKind kind = base::ErrorKind::internal;
    std::uint32_t next_index = 0;
};

}  // namespace dynamigrate::migrate
