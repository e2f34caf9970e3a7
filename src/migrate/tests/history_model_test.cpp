#include "fixtures.hpp"

#include <dynamigrate/dynamodb/testing/cut_services.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

namespace dynamigrate::migrate {
namespace {

using dynamodb::testing::DyingService;
using testing::dead_identity;
using testing::Project;

constexpr int kItems = 4;
constexpr std::array<const char*, 3> kVersions{"1.0.0", "2.0.0", "3.0.0"};
using Counts = std::array<int, kVersions.size()>;

/// Each version raises a counter of its own on every item, so that the items tell how often it
/// stands: more than once for one that was repeated.
class Model {
public:
    explicit Model(std::uint64_t seed) : random_(seed) {
        project_.identity = dead_identity();  // whoever comes next takes over at once
        project_.settings.out_of_order = OutOfOrder::allow;
        project_.settings.backfill.lanes = 1;
        project_.memory.create_table("app", {{"pk", dynamodb::AttributeType::string}, {}});
        for (int i = 0; i < kItems; ++i) {
            project_.memory.put("app", R"({"pk":{"S":")" + std::to_string(i) + R"("}})");
        }
        for (std::size_t v = 0; v < kVersions.size(); ++v) {
            const std::string name = "n" + std::to_string(v);
            Migration raise(kVersions[v], "Raise " + name);
            raise.on("app").transform([name](ItemEditor& item) {
                const bool has = item.item().find(name) != nullptr;
                item.set(name, (has ? item.integer(name) : 0) + 1);
            });
            project_.registry.add(raise.down_auto());
        }
        project_.registry.add(Migration("reset", "Nothing").step(testing::fake_step("nothing")));
    }

    /// Does something by chance, perhaps killed, and checks what is left.
    void step() {
        const Counts before = counts();
        const Counts after = choose(before);
        const bool is_killed = random_.below(2) == 0;
        const bool is_done = attempt(is_killed);
        log_ += is_done ? "" : " KILLED";
        if (is_done) {
            check(before, after, after);
            return;
        }
        settle();
        check(before, after, {});
    }

    /// All versions count as applied, whatever the items say.
    void reset() {
        project_.clock.wait(std::chrono::milliseconds(1), {});
        Migrator migrator = project_.migrator();
        const auto items = project_.memory.items("app");
        migrator.run(migrator.plan_reset(), project_.listener, {}, {});
        EXPECT_EQ(migrator.current_version(), "3.0.0");
        EXPECT_EQ(project_.memory.items("app"), items);
        EXPECT_THROW(migrator.plan_down({}), base::Error);
    }

    const std::string& log() const { return log_; }

private:
    using Action = std::function<void(Migrator&)>;

    void run(Migrator& migrator, const std::vector<PlannedMigration>& plan) {
        migrator.run(plan, project_.listener, {}, {});
    }

    /// How often each version stands, by the rows of the history.
    Counts counts() {
        Counts standing{};
        for (const HistoryRow& row : project_.migrator().history()) {
            const auto version = std::find(kVersions.begin(), kVersions.end(), row.id);
            const auto v = static_cast<std::size_t>(version - kVersions.begin());
            if (row.action == "undo") {
                continue;
            }
            if (row.action == "down") {
                standing[v] = row.status == Status::rolled_back ? 0 : standing[v];
            } else if (row.undone != "wholly") {
                ++standing[v];
            }
        }
        return standing;
    }

    /// What each item says.
    std::vector<Counts> items() {
        std::vector<Counts> all;
        for (const auto& [key, json] : project_.memory.items("app")) {
            base::Arena arena;
            const dynamodb::Item item = dynamodb::parse_item(json, arena);
            Counts counts{};
            for (std::size_t v = 0; v < counts.size(); ++v) {
                const std::string name = "n" + std::to_string(v);
                counts[v] = item.find(name) ? std::stoi(std::string(item.text(name))) : 0;
            }
            all.push_back(counts);
        }
        return all;
    }

    /// Chooses what to do; returns what it leads to.
    Counts choose(const Counts& before) {
        Counts after = before;
        const std::size_t target = random_.below(kVersions.size());
        switch (random_.below(6)) {
            case 0:
                log_ += "\nup";
                action_ = [this](Migrator& migrator) {
                    run(migrator, migrator.plan_up({}, false));
                };
                raise_first(after);
                break;
            case 1:
                log_ += "\nall";
                action_ = [this](Migrator& migrator) { run(migrator, migrator.plan_up({}, true)); };
                for (int& count : after) {
                    count = std::max(count, 1);
                }
                break;
            case 2:
                log_ += "\ndown";
                action_ = [this](Migrator& migrator) { run(migrator, migrator.plan_down({})); };
                for (std::size_t v = after.size(); v-- > 0;) {
                    if (after[v] > 0) {
                        after[v] = 0;
                        break;
                    }
                }
                break;
            case 3:
                choose_goto(target, after);
                break;
            case 4:
                choose_repeat(after);
                break;
            default:
                choose_undo(target, after);
        }
        return after;
    }

    static void raise_first(Counts& after) {
        const auto first = std::find(after.begin(), after.end(), 0);
        if (first != after.end()) {
            *first = 1;
        }
    }

    void choose_goto(std::size_t target, Counts& after) {
        log_ += std::string("\ngoto ") + kVersions[target];
        action_ = [this, target](Migrator& migrator) {
            run(migrator, migrator.plan_to(kVersions[target]));
        };
        const bool is_applied = after[target] > 0;
        for (std::size_t v = 0; v < after.size(); ++v) {
            if (is_applied && v > target) {
                after[v] = 0;
            } else if (!is_applied && v <= target) {
                after[v] = std::max(after[v], 1);
            }
        }
    }

    void choose_repeat(Counts& after) {
        log_ += "\nrepeat";
        action_ = [this](Migrator& migrator) { run(migrator, migrator.plan_repeat()); };
        const std::vector<PlannedMigration> plan = project_.migrator().plan_repeat();
        if (!plan.empty()) {
            const auto* version =
                std::find(kVersions.begin(), kVersions.end(), plan.front().migration->id());
            ++after[static_cast<std::size_t>(version - kVersions.begin())];
        }
    }

    /// The newest run of the version that stands.
    void choose_undo(std::size_t target, Counts& after) {
        std::string newest;
        for (const HistoryRow& row : project_.migrator().history()) {
            if (row.id != kVersions[target] || row.action == "undo") {
                continue;
            }
            if (row.action == "down") {
                newest.clear();
            } else if (row.undone != "wholly") {
                newest = row.run;
            }
        }
        if (newest.empty()) {
            action_ = [](Migrator&) {};
            return;
        }
        log_ += std::string("\nundo of ") + kVersions[target];
        action_ = [this, newest](Migrator& migrator) {
            migrator.undo(newest, {}, project_.listener, {}, {});
        };
        --after[target];
    }

    /// Returns false when it was killed.
    bool attempt(bool is_killed) {
        DyingService dying(project_.memory,
                           is_killed ? static_cast<int>(1 + random_.below(60)) : 1 << 30,
                           random_.below(2) == 0);
        try {
            Migrator migrator = project_.migrator(&dying);
            action_(migrator);
        } catch (const base::Error& error) {
            // Of a run that was cut short, only its next attempt can find out.
            const bool must_resume = error.message().find("finds out") != std::string::npos;
            if (!dying.is_dead() && !must_resume) {
                throw;
            }
            log_ += must_resume ? " (resume first)" : "";
            return false;
        }
        return true;
    }

    /// Goes on, or back, until nothing is unfinished; may be killed again.
    void settle() {
        for (int round = 0; round < 40; ++round) {
            const std::string undone = undone_in_part();
            const std::vector<UnfinishedRun> unfinished = project_.migrator().unfinished();
            if (unfinished.empty() && undone.empty()) {
                return;
            }
            if (!undone.empty()) {
                log_ += ", undo again";
                action_ = [this, undone](Migrator& migrator) {
                    migrator.undo(undone, {}, project_.listener, {}, {});
                };
            } else if (unfinished.front().row.action == "down" || random_.below(3) > 0) {
                log_ += ", resume";
                action_ = [this](Migrator& migrator) {
                    migrator.resume("", project_.listener, {}, {});
                };
            } else {
                log_ += ", undo it";
                const std::string run = unfinished.front().row.run;
                action_ = [this, run](Migrator& migrator) {
                    migrator.undo(run, {}, project_.listener, {}, {});
                };
            }
            attempt(round < 20 && random_.below(3) == 0);
        }
        ADD_FAILURE() << "never settled";
    }

    std::string undone_in_part() {
        std::vector<HistoryRow> rows = project_.migrator().history();
        for (const HistoryRow& row : rows) {
            if (row.action == "undo" && row.status != Status::applied &&
                row.status != Status::rolled_back) {
                const HistoryRow of = project_.migrator().find_run(row.undoes);
                if (of.undone != "wholly" && !is_rolled_back_since(rows, of)) {
                    return of.run;
                }
            }
        }
        return "";
    }

    static bool is_rolled_back_since(const std::vector<HistoryRow>& rows, const HistoryRow& of) {
        return std::any_of(rows.begin(), rows.end(), [&](const HistoryRow& row) {
            return row.id == of.id && row.action == "down" && row.status == Status::rolled_back &&
                   row.started_at > of.started_at;
        });
    }

    /// `exact`: what must stand; nothing: before, after, or none of a version.
    void check(const Counts& before, const Counts& after, const std::optional<Counts>& exact) {
        const Counts now = counts();
        for (const Counts& item : items()) {
            EXPECT_EQ(item, now) << log_;
        }
        for (std::size_t v = 0; v < now.size(); ++v) {
            const bool is_applied = is_applied_now(kVersions[v]);
            EXPECT_EQ(is_applied, now[v] > 0) << kVersions[v] << log_;
            if (exact) {
                EXPECT_EQ(now[v], (*exact)[v]) << kVersions[v] << log_;
            } else {
                EXPECT_THAT(now[v], ::testing::AnyOf(before[v], after[v], 0)) << log_;
            }
        }
        EXPECT_THAT(project_.migrator().unfinished(), ::testing::IsEmpty()) << log_;
    }

    bool is_applied_now(const std::string& version) {
        const std::vector<HistoryRow> applied = project_.migrator().applied();
        return std::any_of(applied.begin(), applied.end(),
                           [&](const HistoryRow& row) { return row.id == version; });
    }

    Project project_;
    base::SeededRandom random_;
    Action action_;
    std::string log_;
};

/// DYNAMIGRATE_MODEL_SEEDS asks for more than a sample, DYNAMIGRATE_MODEL_FIRST for later ones.
TEST(HistoryModel, HoldsAfterAnySequenceOfCommandsAndKills) {
    const char* asked = std::getenv("DYNAMIGRATE_MODEL_SEEDS");
    const int seeds = asked ? std::atoi(asked) : 6;
    const char* first = std::getenv("DYNAMIGRATE_MODEL_FIRST");
    for (int seed = first ? std::atoi(first) : 1; seed <= seeds; ++seed) {
        Model model(static_cast<std::uint64_t>(seed));
        for (int step = 0; step < 10 && !::testing::Test::HasFailure(); ++step) {
            try {
                model.step();
            } catch (const base::Error& error) {
                FAIL() << "seed " << seed << model.log() << ": " << error.what();
            }
        }
        ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed << model.log();
        model.reset();
    }
}

}  // namespace
}  // namespace dynamigrate::migrate
