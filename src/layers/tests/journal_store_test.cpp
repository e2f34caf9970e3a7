#include <dynamigrate/layers/testing/journal_store_suite.hpp>

#include <dynamigrate/expressions/testing/memory_service.hpp>

#include <map>

namespace dynamigrate::layers::testing {
namespace {

class DirectoryPlace final : public JournalPlace {
public:
    JournalStore& machine(int number) override {
        auto& store = stores_[number];
        if (!store) {
            store = make_directory_journals(directory_.path() / "journals", clock);
        }
        return *store;
    }

private:
    base::TemporaryDirectory directory_;
    std::map<int, std::unique_ptr<JournalStore>> stores_;
};

/// Carries puts out and then says that it does not know.
class Forgetful final : public base::ObjectStore {
public:
    explicit Forgetful(base::ObjectStore& objects) : objects_(objects) {}
    std::string location() const override { return objects_.location(); }
    std::optional<std::string> get(const std::string& name) override { return objects_.get(name); }
    bool put(const std::string& name, std::string_view bytes, bool only_if_absent) override {
        const bool is_put = objects_.put(name, bytes, only_if_absent);
        if (forgets && is_put) {
            throw base::Error(base::ErrorKind::outcome_unknown, "the answer was lost");
        }
        return is_put;
    }
    std::vector<std::string> list(const std::string& prefix) override {
        return objects_.list(prefix);
    }
    void remove(const std::string& name) override { objects_.remove(name); }
    bool forgets = false;

private:
    base::ObjectStore& objects_;
};

class ObjectsPlace : public JournalPlace {
public:
    JournalStore& machine(int number) override {
        auto& store = stores_[number];
        if (!store) {
            store = make_object_journals({forgetful(), clock, random, max_object_bytes_});
        }
        return *store;
    }
    void lose_answers() override { forgetful().forgets = true; }

protected:
    explicit ObjectsPlace(std::size_t max_object_bytes) : max_object_bytes_(max_object_bytes) {}
    virtual base::ObjectStore& objects() = 0;

private:
    Forgetful& forgetful() {
        if (!forgetful_) {
            forgetful_ = std::make_unique<Forgetful>(objects());
        }
        return *forgetful_;
    }
    const std::size_t max_object_bytes_;
    std::unique_ptr<Forgetful> forgetful_;
    std::map<int, std::unique_ptr<JournalStore>> stores_;
};

class FilesPlace final : public ObjectsPlace {
public:
    FilesPlace() : ObjectsPlace(10'000) {}

private:
    base::ObjectStore& objects() override { return *files_; }
    base::TemporaryDirectory directory_;
    std::unique_ptr<base::ObjectStore> files_ =
        base::make_directory_store(directory_.path() / "objects");
};

class TablePlace final : public ObjectsPlace {
public:
    TablePlace() : ObjectsPlace(kMaxTableObject) {}

private:
    base::ObjectStore& objects() override { return *table_; }
    expressions::MemoryService service_;
    std::unique_ptr<base::ObjectStore> table_ = make_table_objects(service_, "journals", clock);
};

/// A dry run's: everything stays here.
class OverPlace final : public ObjectsPlace {
public:
    OverPlace() : ObjectsPlace(100'000) {}

private:
    base::ObjectStore& objects() override { return *over_; }
    base::TemporaryDirectory directory_;
    std::unique_ptr<base::ObjectStore> files_ =
        base::make_directory_store(directory_.path() / "objects");
    std::unique_ptr<base::ObjectStore> over_ = make_objects_over(*files_);
};

template <class Place>
std::unique_ptr<JournalPlace> make() {
    return std::make_unique<Place>();
}

INSTANTIATE_TEST_SUITE_P(Stores, JournalStoreSuite,
                         ::testing::Values(JournalPlaceKind{"Directory", make<DirectoryPlace>,
                                                            false},
                                           JournalPlaceKind{"Objects", make<FilesPlace>},
                                           JournalPlaceKind{"Table", make<TablePlace>},
                                           JournalPlaceKind{"DryRun", make<OverPlace>}),
                         [](const auto& kind) { return kind.param.name; });

TEST(ObjectsOver, WriteNothingToWhatTheyAreOver) {
    base::TemporaryDirectory directory;
    const auto files = base::make_directory_store(directory.path());
    files->put("a/1", "one", true);
    files->put("a/2", "two", true);
    const auto over = make_objects_over(*files);
    EXPECT_FALSE(over->put("a/1", "other", true));
    EXPECT_TRUE(over->put("a/3", "three", true));
    over->remove("a/2");
    EXPECT_EQ(over->list("a/"), (std::vector<std::string>{"a/1", "a/3"}));
    EXPECT_EQ(over->get("a/2"), std::nullopt);
    EXPECT_EQ(files->list("a/"), (std::vector<std::string>{"a/1", "a/2"}));
}

TEST(LimitedJournal, TakesNoPageBeyondItsBytesAndKeepsWhatItHas) {
    base::TemporaryDirectory directory;
    const auto limited =
        limit_journal(open_directory_journal(directory.path(), "run-1"), 400, "make room");
    const auto writer = limited->create_part({"run-1", 1, 0, 1, ""});
    base::Arena arena;
    int committed = 0;
    base::ErrorKind kind = base::ErrorKind::internal;
    std::string text;
    try {
        for (; committed < 100; ++committed) {
            writer->begin_page({});
            writer->add_outcome(
                writer->add({0,
                             EntryKind::update,
                             "app",
                             dynamodb::ItemBuilder(arena).number("pk", committed).build(),
                             {},
                             {},
                             {}}),
                EntryOutcome::applied);
            writer->commit_page();
        }
    } catch (const base::Error& error) {
        kind = error.kind();
        text = error.what();
    }
    EXPECT_EQ(kind, base::ErrorKind::failed_precondition);
    EXPECT_NE(text.find("make room"), text.npos);
    EXPECT_GT(committed, 2);
    EXPECT_LT(committed, 20);
    writer->flush();
    EXPECT_EQ(limited->read([](const JournalPage&) { return true; }, [](const auto&...) {}).entries,
              static_cast<std::uint64_t>(committed));
}

}  // namespace
}  // namespace dynamigrate::layers::testing
