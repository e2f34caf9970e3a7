#include "fixtures.hpp"

#include <dynamigrate/expressions/testing/failing_service.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <gtest/gtest.h>

#include <atomic>

namespace dynamigrate::migrate {
namespace {

using testing::error_of;
using testing::Project;

/// A bucket whose n-th request fails: lost on its way, or its answer was lost.
class FailingBucket final : public base::ObjectStore {
public:
    FailingBucket(base::ObjectStore& inner, int n, bool applies)
        : inner_(inner),
          n_(n),
          applies_(applies) {}

    std::string location() const override { return "s3://journals"; }
    std::optional<std::string> get(const std::string& name) override {
        fail([] {});
        return inner_.get(name);
    }
    bool put(const std::string& name, std::string_view bytes, bool only_if_absent) override {
        fail([&] { inner_.put(name, bytes, only_if_absent); });
        return inner_.put(name, bytes, only_if_absent);
    }
    std::vector<std::string> list(const std::string& prefix) override {
        fail([] {});
        return inner_.list(prefix);
    }
    void remove(const std::string& name) override {
        fail([&] { inner_.remove(name); });
        inner_.remove(name);
    }
    bool has_fired() const { return calls_ >= n_; }

private:
    void fail(const std::function<void()>& apply) {
        if (++calls_ == n_) {
            if (applies_) {
                apply();
            }
            throw base::Error(base::ErrorKind::unavailable, "no answer").may_have_applied(true);
        }
    }

    base::ObjectStore& inner_;
    const int n_;
    const bool applies_;
    std::atomic<int> calls_{0};
};

/// A run that failed half-way, with its journal in a table or a bucket.
struct StoredRun {
    Project project;
    const bool is_in_table;
    std::unique_ptr<base::ObjectStore> bucket;
    std::map<std::string, std::string> before;
    std::string run;

    explicit StoredRun(bool in_table)
        : is_in_table(in_table),
          bucket(base::make_directory_store(project.directory.path() / "bucket")) {
        project.memory.create_table("app", {{"pk", dynamodb::AttributeType::string}, {}});
        for (int i = 0; i < 6; ++i) {
            project.memory.put("app", R"({"pk":{"S":")" + std::to_string(i) + R"("},"n":{"N":")" +
                                          std::to_string(i) + R"("}})");
        }
        before = project.memory.items("app");
        project.settings.backfill.lanes = 1;
        Migration raise("1.0.0", "Raise the counters");
        raise.on("app")
            .transform([](ItemEditor& item) { item.set("n", item.integer("n") + 1); })
            .transform([](ItemEditor&) {
                throw base::Error(base::ErrorKind::invalid_argument, "bad item");
            });
        project.registry.add(raise.down_auto());
        error_of([&] {
            with(project.memory, *bucket, [&](Migrator& migrator) {
                migrator.run(migrator.plan_up({}, true), project.listener, {}, {});
            });
        });
        run = project.migrator().history().at(0).run;
    }

    void with(dynamodb::Service& service, base::ObjectStore& objects,
              const std::function<void(Migrator&)>& act) {
        const std::unique_ptr<base::ObjectStore> table =
            layers::make_table_objects(service, "journals", project.clock);
        layers::ObjectJournalOptions options{is_in_table ? *table : objects, project.clock,
                                             project.random};
        const std::unique_ptr<layers::JournalStore> journals =
            layers::make_object_journals(options);
        World world = project.world(&service);
        world.journals = journals.get();
        Migrator migrator(project.registry, project.settings, world);
        act(migrator);
    }
    UndoneRun undo(dynamodb::Service& service, base::ObjectStore& objects) {
        UndoneRun undone;
        with(service, objects, [&](Migrator& migrator) {
            undone = migrator.undo(run, {}, project.listener, {}, {});
        });
        return undone;
    }
    /// Fails, is freed of its lock, and done again.
    void undo_twice(dynamodb::Service& service, base::ObjectStore& objects) {
        try {
            undo(service, objects);
        } catch (const base::Error&) {
            project.migrator().unlock();
        }
        EXPECT_EQ(undo(project.memory, *bucket).of.undone, "wholly");
        EXPECT_EQ(project.memory.items("app"), before);
        EXPECT_TRUE(project.migrator().unfinished().empty());
    }
};

TEST(UndoFromATable, EndsInTheSameStateAtWhicheverRequestItFails) {
    for (int n = 1;; n += 2) {
        StoredRun stored(true);
        ASSERT_NE(stored.project.memory.items("app"), stored.before);
        expressions::FailingService failing(
            stored.project.memory, n,
            n % 4 == 1 ? expressions::Failure::lost_answer : expressions::Failure::reset);
        stored.undo_twice(failing, *stored.bucket);
        ASSERT_FALSE(::testing::Test::HasFailure()) << n;
        if (!failing.fired()) {
            EXPECT_GT(n, 8);
            return;
        }
    }
}

TEST(UndoFromABucket, EndsInTheSameStateAtWhicheverRequestItFails) {
    for (int n = 1;; ++n) {
        StoredRun stored(false);
        FailingBucket failing(*stored.bucket, n, n % 2 == 0);
        stored.undo_twice(stored.project.memory, failing);
        ASSERT_FALSE(::testing::Test::HasFailure()) << n;
        if (!failing.has_fired()) {
            EXPECT_GT(n, 3);
            return;
        }
    }
}

}  // namespace
}  // namespace dynamigrate::migrate
