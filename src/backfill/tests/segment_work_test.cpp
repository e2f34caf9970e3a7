#include "backfill_fixture.hpp"

#include <dynamigrate/backfill/segment_trial.hpp>
#include <dynamigrate/backfill/segment_work.hpp>
#include <dynamigrate/dynamodb/testing/cut_services.hpp>
#include <dynamigrate/layers/journal_store.hpp>

namespace dynamigrate::backfill {
namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::testing::DyingService;
using dynamodb::testing::InterruptedService;

/// Not tried again.
const Error kDead(ErrorKind::permission_denied, "dead");

/// A run whose journal is a table beside the one that it migrates.
class Fleet : public World {
public:
    explicit Fleet(int items = 12, std::uint32_t segments = 1) {
        plan.segments = segments;
        plan.lanes = 1;
        plan.page_items = 5;
        plan.transform = &transform;
        count_ = items;
        fill(items);
    }

    /// One process: its own connection to everything.
    template <class Function>
    auto with_process(dynamodb::Service& over, std::uint32_t attempt, const Function& function) {
        const auto objects = layers::make_table_objects(over, "journal", clock);
        const auto store = layers::make_object_journals({*objects, clock, random});
        store->begin("run1");
        const auto own = store->open("run1", store->location("run1"));
        Surroundings all = surroundings(over, attempt);
        all.journal = own.get();
        return function(all);
    }
    std::uint32_t begin(std::uint32_t attempt = 1) {
        return with_process(service, attempt,
                            [&](const Surroundings& all) { return begin_segments(plan, all); });
    }
    SegmentEnd work(dynamodb::Service& over, std::uint32_t segment = 0, std::uint32_t attempt = 1,
                    std::stop_token stop = {}) {
        return with_process(over, attempt, [&](const Surroundings& all) {
            return work_segment(plan, all, segment, stop);
        });
    }
    SegmentsEnd end(std::uint32_t attempt = 1) {
        return with_process(service, attempt,
                            [&](const Surroundings& all) { return end_segments(plan, all); });
    }
    /// The whole step by one process, as a command line does.
    Result work_whole(dynamodb::Service& over, std::uint32_t attempt, std::stop_token stop = {}) {
        return with_process(over, attempt, [&](const Surroundings& all) {
            if (attempt > 1) {
                all.journal->seal(attempt - 1);
            }
            return backfill::run(plan, all, stop);
        });
    }
    bool try_work(dynamodb::Service& over, std::uint32_t attempt = 1) {
        try {
            return work(over, 0, attempt).is_done;
        } catch (const Error& error) {
            return false;
        }
    }
    void expect_each_once(const std::string& when) {
        for (int i = 0; i < count_; ++i) {
            ASSERT_EQ(number(i, "c"), std::to_string(i + 1)) << when;
        }
        ASSERT_TRUE(records.quarantined(0).empty()) << when;
    }
    SegmentState state(std::uint32_t segment = 0) {
        for (const SegmentState& state : records.load_segments(0)) {
            if (state.segment == segment) {
                return state;
            }
        }
        return {};
    }

    FunctionTransform transform = increment();

private:
    int count_;
};

std::string place(int n, bool flag) { return std::to_string(n) + (flag ? " after" : " before"); }

TEST(SegmentWork, WorksEachSegmentByItself) {
    Fleet fleet(30, 3);
    EXPECT_EQ(fleet.begin(), 3U);
    EXPECT_EQ(fleet.begin(), 3U);
    EXPECT_EQ(fleet.end().unfinished.size(), 3U);

    std::uint64_t changed = 0;
    for (std::uint32_t segment = 0; segment < 3; ++segment) {
        const SegmentEnd end = fleet.work(fleet.service, segment);
        EXPECT_TRUE(end.is_done);
        changed += end.changed;
    }

    const SegmentsEnd end = fleet.end();
    EXPECT_EQ(changed, 30U);
    EXPECT_EQ(end.unfinished.size(), 0U);
    EXPECT_EQ(end.counts.read, 30U);
    EXPECT_EQ(end.counts.changed, 30U);
    EXPECT_EQ(end.last_attempt, 2U);
    fleet.expect_each_once("");
}

TEST(SegmentWork, DoesNothingForASegmentThatIsDone) {
    Fleet fleet;
    fleet.begin();
    fleet.work(fleet.service);

    const SegmentEnd again = fleet.work(fleet.service);

    EXPECT_TRUE(again.is_done);
    EXPECT_EQ(again.read, 0U);
    EXPECT_EQ(fleet.state().attempt, 2U);
    fleet.expect_each_once("");
}

TEST(SegmentWork, HandsBackItsCheckpointWhenItIsStopped) {
    Fleet fleet;
    fleet.begin();
    std::stop_source stop;
    fleet.service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "BatchExecuteStatement") {
            stop.request_stop();
        }
    };

    const SegmentEnd first = fleet.work(fleet.service, 0, 1, stop.get_token());
    fleet.service.before_call = {};
    const SegmentEnd second = fleet.work(fleet.service);

    EXPECT_FALSE(first.is_done);
    EXPECT_EQ(first.read, 5U);
    EXPECT_TRUE(second.is_done);
    EXPECT_EQ(second.read, 7U);
    EXPECT_EQ(fleet.end().counts.changed, 12U);
    fleet.expect_each_once("");
}

TEST(SegmentWork, ChangesEachItemOnceWhereverItDies) {
    for (const bool loses_answer : {false, true}) {
        bool has_died = true;
        int n = 1;
        for (; has_died && n < 200; ++n) {
            Fleet fleet;
            fleet.begin();
            DyingService dying(fleet.service, n, loses_answer, kDead);
            fleet.try_work(dying);
            has_died = dying.is_dead();
            EXPECT_TRUE(fleet.work(fleet.service).is_done) << n;
            fleet.expect_each_once(place(n, loses_answer));
            EXPECT_EQ(fleet.end().unfinished.size(), 0U);
        }
        EXPECT_GT(n, 10);
        EXPECT_LT(n, 200);
    }
}

TEST(SegmentWork, ChangesEachItemOnceWhereverItDiesTwice) {
    int deaths = 0;
    for (int n = 3; n < 40; n += 4) {
        for (int m = 2; m < 50; m += 7) {
            Fleet fleet(8);
            fleet.begin();
            DyingService first(fleet.service, n, n % 4 == 1, kDead);
            fleet.try_work(first);
            DyingService second(fleet.service, m, m % 2 == 0, kDead);
            fleet.try_work(second);
            deaths += first.is_dead() && second.is_dead() ? 1 : 0;
            EXPECT_TRUE(fleet.work(fleet.service).is_done);
            fleet.expect_each_once(std::to_string(n) + ", " + std::to_string(m));
        }
    }
    EXPECT_GT(deaths, 10);
}

TEST(SegmentWork, ChangesEachItemOnceWhenASecondCallComesInAnywhere) {
    for (const bool is_after : {false, true}) {
        bool was_interrupted = true;
        int n = 1;
        for (; was_interrupted && n < 200; ++n) {
            Fleet fleet;
            fleet.begin();
            bool is_done = false;
            InterruptedService first(fleet.service, n, is_after,
                                     [&] { is_done = fleet.work(fleet.service).is_done; });
            std::optional<ErrorKind> kind;
            try {
                fleet.work(first);
            } catch (const Error& error) {
                kind = error.kind();
            }
            was_interrupted = first.was_interrupted();
            EXPECT_TRUE(is_done || !was_interrupted);
            EXPECT_TRUE(!kind || kind == ErrorKind::aborted) << place(n, is_after);
            fleet.expect_each_once(place(n, is_after));
            EXPECT_EQ(fleet.end().unfinished.size(), 0U) << place(n, is_after);
        }
        EXPECT_GT(n, 10);
    }
}

TEST(SegmentWork, ChangesEachItemOnceWhenASecondCallComesInAndDies) {
    for (int n = 2; n < 40; n += 5) {
        for (int m = 2; m < 40; m += 7) {
            Fleet fleet(8);
            fleet.begin();
            InterruptedService first(fleet.service, n, n % 2 == 0, [&] {
                DyingService dying(fleet.service, m, m % 2 == 0, kDead);
                fleet.try_work(dying);
            });
            fleet.try_work(first);
            EXPECT_TRUE(fleet.work(fleet.service).is_done);
            fleet.expect_each_once(std::to_string(n) + ", " + std::to_string(m));
        }
    }
}

TEST(SegmentWork, LetsAnOlderCallSaveNoCheckpointAndWriteNothing) {
    Fleet fleet;
    fleet.begin();
    const std::string untouched = fleet.number(0, "c");
    bool has_taken = false;
    std::stop_source at_once;
    at_once.request_stop();
    InterruptedService first(fleet.service, 1, true, [&] {
        has_taken = true;
        fleet.work(fleet.service, 0, 1, at_once.get_token());
    });
    // The first request of a call comes after its taking only where the records are not in a table.
    std::optional<ErrorKind> kind;
    try {
        fleet.with_process(fleet.service, 1, [&](Surroundings all) {
            all.service = &first;
            return work_segment(fleet.plan, all, 0, {});
        });
    } catch (const Error& error) {
        kind = error.kind();
    }

    EXPECT_TRUE(has_taken);
    EXPECT_EQ(kind, ErrorKind::aborted);
    EXPECT_EQ(fleet.number(0, "c"), untouched);
    EXPECT_EQ(fleet.state().pages_done, 0U);
    EXPECT_TRUE(fleet.work(fleet.service).is_done);
    fleet.expect_each_once("");
}

TEST(SegmentWork, GoesOnFromWhatAWholeRunLeft) {
    for (const bool loses_answer : {false, true}) {
        bool has_died = true;
        int n = 1;
        for (; has_died && n < 200; ++n) {
            Fleet fleet(9, 2);
            DyingService dying(fleet.service, n, loses_answer, kDead);
            try {
                fleet.work_whole(dying, 1);
            } catch (const Error&) {
                has_died = true;
            }
            has_died = dying.is_dead();
            fleet.with_process(fleet.service, 2, [](const Surroundings& all) {
                all.journal->seal(1);
                return 0;
            });
            fleet.begin(2);
            for (std::uint32_t segment = 0; segment < 2; ++segment) {
                EXPECT_TRUE(fleet.work(fleet.service, segment, 2).is_done);
            }
            fleet.expect_each_once(place(n, loses_answer));
        }
        EXPECT_GT(n, 10);
    }
}

TEST(SegmentWork, IsGoneOnWithByAWholeRunAndBack) {
    for (int n = 2; n < 60; n += 3) {
        Fleet fleet(9, 2);
        fleet.begin();
        DyingService dying(fleet.service, n, n % 4 == 0, kDead);
        fleet.try_work(dying);
        const std::uint32_t whole = fleet.state().attempt + 2;
        DyingService dying_too(fleet.service, n, n % 4 == 2, kDead);
        try {
            fleet.work_whole(dying_too, whole);
        } catch (const Error&) {
            EXPECT_TRUE(dying_too.is_dead());
        }
        fleet.with_process(fleet.service, whole + 1, [&](const Surroundings& all) {
            all.journal->seal(whole);
            return 0;
        });
        fleet.begin(whole + 1);
        for (std::uint32_t segment = 0; segment < 2; ++segment) {
            EXPECT_TRUE(fleet.work(fleet.service, segment, whole + 1).is_done);
        }
        fleet.expect_each_once(std::to_string(n));
        EXPECT_EQ(fleet.end(whole + 1).unfinished.size(), 0U);
    }
}

TEST(SegmentWork, RefusesAJournalThatOtherMachinesCannotReach) {
    Fleet fleet;
    try {
        begin_segments(fleet.plan, fleet.surroundings(fleet.service));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::failed_precondition);
        EXPECT_NE(std::string(error.what()).find("S3"), std::string::npos);
    }
}

TEST(SegmentWork, RefusesWhatHasNotBegunAndWhatIsNotThere) {
    Fleet fleet;
    EXPECT_THROW(fleet.work(fleet.service), Error);
    fleet.begin();
    EXPECT_THROW(fleet.work(fleet.service, 1), Error);
}

TEST(SegmentWork, SaysWhyAPlanCannotBeShared) {
    Fleet fleet;
    EXPECT_EQ(reason_not_shared(fleet.plan), std::nullopt);
    Plan other = fleet.plan;
    other.passes = 2;
    EXPECT_NE(reason_not_shared(other), std::nullopt);
    other = fleet.plan;
    other.source = ScanSource{"by_name"};
    EXPECT_NE(reason_not_shared(other), std::nullopt);
    other.source = KeysSource{};
    EXPECT_NE(reason_not_shared(other), std::nullopt);
    const FunctionTransform moves = prefix_key();
    other = fleet.plan;
    other.transform = &moves;
    EXPECT_NE(reason_not_shared(other), std::nullopt);
    const FunctionTransform acts([](const auto&...) {}, false, true);
    other.transform = &acts;
    EXPECT_NE(reason_not_shared(other), std::nullopt);
}

TEST(SegmentWork, CountsFailuresAgainstTheBudgetOfAllSegments) {
    Fleet fleet(30, 3);
    fleet.plan.failure_budget.count = 2;
    const FunctionTransform failing([](const dynamodb::Item&, base::Arena&, TransformOutput&) {
        throw Error(ErrorKind::invalid_argument, "no");
    });
    fleet.plan.transform = &failing;
    fleet.plan.page_items = 1;
    fleet.begin();
    std::stop_source stop;
    fleet.service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "Scan") {
            stop.request_stop();
        }
    };
    for (std::uint32_t segment = 0; segment < 2; ++segment) {
        stop = {};
        EXPECT_FALSE(fleet.work(fleet.service, segment, 1, stop.get_token()).is_done);
    }
    stop = {};

    EXPECT_THROW(fleet.work(fleet.service, 2, 1, stop.get_token()), Error);
}

TEST(SegmentWork, IsUndoneFromTheJournalOfAllSegments) {
    Fleet fleet(20, 3);
    fleet.begin();
    for (std::uint32_t segment = 0; segment < 3; ++segment) {
        fleet.work(fleet.service, segment);
    }
    UndoPlan undo_plan;
    undo_plan.steps = {0};
    undo_plan.key_schema = [&](const std::string&) { return fleet.key; };

    const UndoResult undone = fleet.with_process(fleet.service, 9, [&](const Surroundings& all) {
        all.journal->seal(8);
        return backfill::undo(undo_plan, all, {});
    });

    EXPECT_EQ(undone.restored, 20U);
    EXPECT_EQ(fleet.number(7, "c"), "7");
}

TEST(SegmentTrial, ReadsASegmentAndWritesNothing) {
    Fleet fleet(12, 3);
    ::dynamigrate::backfill::SegmentTrial all;
    fleet.with_process(fleet.service, 1, [&](const Surroundings& surroundings) {
        for (std::uint32_t segment = 0; segment < 3; ++segment) {
            const auto trial = try_segment(fleet.plan, surroundings, segment, 3, {});
            EXPECT_TRUE(trial.is_done);
            all.read += trial.read;
            all.changed += trial.changed;
            all.write_units += trial.write_units;
        }
        return 0;
    });
    EXPECT_EQ(all.read, 12U);
    EXPECT_EQ(all.changed, 12U);
    EXPECT_EQ(all.write_units, 12);
    for (int i = 0; i < 12; ++i) {
        EXPECT_EQ(fleet.number(i, "c"), std::to_string(i));
    }
    EXPECT_FALSE(fleet.records.total_segments(0));
}

}  // namespace
}  // namespace dynamigrate::backfill
