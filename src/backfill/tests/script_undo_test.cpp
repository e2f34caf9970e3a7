#include "backfill_fixture.hpp"

#include <dynamigrate/layers/journal_service.hpp>

#include <array>

namespace dynamigrate::backfill {
namespace {

using dynamodb::Call;
using dynamodb::Reply;
using expressions::Failure;

struct Request {
    std::string_view operation;
    std::string body;
};

std::string keyed(const std::string& pk) { return R"({"pk":{"S":")" + pk + R"("}})"; }

/// Every form of write, on items that are there and that are not, some of them repeatedly.
std::vector<Request> every_form() {
    return {
        {"PutItem", R"({"TableName":"app","Item":{"pk":{"S":"k0"},"new":{"BOOL":true}}})"},
        {"PutItem", R"({"TableName":"app","Item":{"pk":{"S":"n0"},"c":{"N":"1"}}})"},
        {"UpdateItem", R"({"TableName":"app","Key":{"pk":{"S":"k1"}},
                           "UpdateExpression":"SET c = c + :c, #l[0] = :c REMOVE #n",
                           "ExpressionAttributeNames":{"#l":"list","#n":"name"},
                           "ExpressionAttributeValues":{":c":{"N":"5"}}})"},
        {"UpdateItem", R"({"TableName":"app","Key":{"pk":{"S":"n1"}},"UpdateExpression":"ADD c :c",
                           "ExpressionAttributeValues":{":c":{"N":"5"}}})"},
        {"DeleteItem", R"({"TableName":"app","Key":{"pk":{"S":"k2"}}})"},
        {"DeleteItem", R"({"TableName":"app","Key":{"pk":{"S":"none"}}})"},
        {"BatchWriteItem",
         R"({"RequestItems":{"app":[{"PutRequest":{"Item":{"pk":{"S":"k3"}}}},
                                    {"PutRequest":{"Item":{"pk":{"S":"n3"}}}},
                                    {"DeleteRequest":{"Key":{"pk":{"S":"k4"}}}}],
                             "copy":[{"PutRequest":{"Item":{"pk":{"S":"k3"}}}}]}})"},
        {"TransactWriteItems", R"({"TransactItems":[
            {"Put":{"TableName":"app","Item":{"pk":{"S":"k5"}}}},
            {"Update":{"TableName":"app","Key":{"pk":{"S":"k6"}},"UpdateExpression":"SET c = :c",
                       "ExpressionAttributeValues":{":c":{"S":"x"}}}},
            {"Delete":{"TableName":"app","Key":{"pk":{"S":"k7"}}}},
            {"Update":{"TableName":"copy","Key":{"pk":{"S":"n5"}},"UpdateExpression":"SET c = :c",
                       "ExpressionAttributeValues":{":c":{"S":"x"}}}}]})"},
        {"ExecuteStatement", R"({"Statement":"UPDATE app SET c = c + 1 WHERE pk = 'k8'"})"},
        {"ExecuteStatement", R"({"Statement":"INSERT INTO app VALUE {'pk': 'n8', 'c': 1}"})"},
        {"ExecuteStatement", R"({"Statement":"DELETE FROM app WHERE pk = 'k9'"})"},
        {"BatchExecuteStatement", R"({"Statements":[
            {"Statement":"UPDATE app SET c = ? WHERE pk = 'k10'","Parameters":[{"S":"x"}]},
            {"Statement":"INSERT INTO copy VALUE {'pk': 'n10'}"},
            {"Statement":"DELETE FROM app WHERE pk = 'k11'"}]})"},
        {"UpdateItem", R"({"TableName":"app","Key":{"pk":{"S":"k1"}},
                           "UpdateExpression":"SET c = c + :c",
                           "ExpressionAttributeValues":{":c":{"N":"5"}}})"},
        {"DeleteItem", R"({"TableName":"app","Key":{"pk":{"S":"k0"}}})"},
        {"PutItem", R"({"TableName":"app","Item":{"pk":{"S":"k0"},"again":{"BOOL":true}}})"},
        {"DeleteItem", R"({"TableName":"app","Key":{"pk":{"S":"n0"}}})"},
    };
}

/// One request of each form.
std::vector<Request> each_form_once() {
    const std::vector<Request> all = every_form();
    return {all[0], all[2], all[4], all[6], all[7], all[8], all[11], all[12]};
}

/// Runs requests as a script would and takes them back.
class Script {
public:
    explicit Script(World& world) : world_(world) {
        world_.fill(12);
        world_.service.create_table("copy", world_.key);
        before_ = state();
    }

    std::map<std::string, std::string> state() const {
        auto items = world_.service.items("app");
        for (const auto& [key, item] : world_.service.items("copy")) {
            items["copy " + key] = item;
        }
        return items;
    }
    const std::map<std::string, std::string>& before() const { return before_; }

    void run(dynamodb::Service& over, const std::vector<Request>& requests) {
        auto part = world_.journal().create_part({"run1", 1, 0, 1, ""});
        layers::JournalService service(over, *part, 0, world_.clock);
        for (const Request& request : requests) {
            send(service, request);
        }
    }
    void run(const std::vector<Request>& requests) { run(world_.service, requests); }

    UndoResult undo() { return world_.undo(); }

private:
    /// As SDKs do: a failed request is repeated.
    static void send(dynamodb::Service& service, const Request& request) {
        for (int i = 0; i < 2; ++i) {
            try {
                Reply reply;
                service.call({request.operation, request.body}, reply);
                return;
            } catch (const base::Error& error) {
                if (!base::is_retryable(error.kind())) {
                    return;
                }
            }
        }
    }

    World& world_;
    std::map<std::string, std::string> before_;
};

class ScriptUndoTest : public ::testing::Test {
protected:
    void when(std::string_view operation, std::function<void()> write) {
        world.service.before_call = [this, operation, write = std::move(write)](const Call& call) {
            if (call.operation == operation && !was_disturbed) {
                was_disturbed = true;
                write();
            }
        };
    }
    std::string at(const std::string& pk) { return world.service.item("app", keyed(pk)); }

    World world;
    Script script{world};
    bool was_disturbed = false;
};

TEST_F(ScriptUndoTest, TakesBackEveryFormOfWrite) {
    script.run(every_form());
    EXPECT_NE(script.state(), script.before());

    const UndoResult undone = script.undo();

    EXPECT_EQ(script.state(), script.before());
    EXPECT_EQ(undone.conflicts, 0U);
    EXPECT_EQ(undone.unsettled, 0U);
    EXPECT_GE(undone.restored, 20U);
}

TEST_F(ScriptUndoTest, TakesBackEachFormByItself) {
    for (const Request& request : every_form()) {
        World other;
        Script one(other);
        one.run({request});
        const UndoResult undone = one.undo();
        EXPECT_EQ(one.state(), one.before()) << request.body;
        EXPECT_EQ(undone.conflicts, 0U) << request.body;
    }
}

TEST_F(ScriptUndoTest, CanBeRepeated) {
    script.run(every_form());
    script.undo();

    const UndoResult again = script.undo();

    EXPECT_EQ(script.state(), script.before());
    EXPECT_EQ(again.conflicts, 0U);
    EXPECT_TRUE(world.conflicts().empty());
}

TEST_F(ScriptUndoTest, CanBeRepeatedWhereItemsWentAndCameAgain) {
    const std::vector<Request> all = every_form();
    const Request put{"PutItem", R"({"TableName":"app","Item":{"pk":{"S":"k1"},"z":{"N":"1"}}})"};
    const Request remove{"DeleteItem", R"({"TableName":"app","Key":{"pk":{"S":"k1"}}})"};
    script.run({all[12], remove, put, remove, put, all[3], put, remove});
    script.undo();
    EXPECT_EQ(script.state(), script.before());

    EXPECT_EQ(script.undo().conflicts, 0U);

    EXPECT_EQ(script.state(), script.before());
    EXPECT_TRUE(world.conflicts().empty());
}

TEST_F(ScriptUndoTest, StillListsAConflictOfANewerEntryWhenOlderOnesAreUndone) {
    script.run({{"PutItem", R"({"TableName":"app","Item":{"pk":{"S":"k1"},"c":{"N":"7"}}})"},
                {"UpdateItem", R"({"TableName":"app","Key":{"pk":{"S":"k1"}},
                                   "UpdateExpression":"SET z = :z",
                                   "ExpressionAttributeValues":{":z":{"N":"1"}}})"}});
    script.undo();
    const std::string before = script.before().at(keyed("k1"));
    world.service.put("app", before.substr(0, before.size() - 1) + R"(,"z":{"N":"9"}})");

    EXPECT_EQ(script.undo().conflicts, 1U);

    EXPECT_NE(at("k1").find(R"("z":{"N":"9"})"), std::string::npos);
}

TEST_F(ScriptUndoTest, ListsWhatTheApplicationChangedSince) {
    script.run(every_form());
    world.service.put("app", R"({"pk":{"S":"k1"},"c":{"N":"99"}})");
    world.service.put("app", R"({"pk":{"S":"n1"},"c":{"N":"5"},"more":{"N":"1"}})");
    world.service.put("app", R"({"pk":{"S":"k2"},"c":{"N":"99"}})");

    const UndoResult undone = script.undo();

    EXPECT_EQ(undone.conflicts, 4U);
    EXPECT_EQ(world.conflicts().size(), 4U);
    EXPECT_EQ(at("k1"), R"({"c":{"N":"99"},"pk":{"S":"k1"}})");
    EXPECT_EQ(at("k2"), R"({"c":{"N":"99"},"pk":{"S":"k2"}})");
    EXPECT_NE(at("n1"), "");
    EXPECT_EQ(at("k3"), script.before().at(keyed("k3")));
}

TEST_F(ScriptUndoTest, KeepsOtherAttributesOfTheApplication) {
    script.run({every_form()[2]});
    const std::string now = at("k1");
    world.service.put("app", now.substr(0, now.size() - 1) + R"(,"more":{"N":"1"}})");

    EXPECT_EQ(script.undo().conflicts, 0U);

    const std::string before = script.before().at(keyed("k1"));
    EXPECT_NE(at("k1").find(R"("more":{"N":"1"})"), std::string::npos);
    EXPECT_NE(at("k1").find(R"("name":{"S":"Name 1"})"), std::string::npos);
}

TEST_F(ScriptUndoTest, RestoresWhatTheApplicationWroteRightBeforeTheScript) {
    constexpr auto kForms = std::to_array<std::size_t>({0, 2, 4, 8, 10});
    constexpr auto kKeys = std::to_array<std::string_view>({"k0", "k1", "k2", "k8", "k9"});
    for (std::size_t i = 0; i < kForms.size(); ++i) {
        const Request request = every_form()[kForms[i]];
        const std::string pk(kKeys[i]);
        const std::string item =
            R"({"c":{"N":"70"},"list":{"L":[{"BOOL":false}]},"name":{"S":"of the application"},)"
            R"("pk":{"S":")" +
            pk + R"("}})";
        was_disturbed = false;
        World other;
        Script one(other);
        other.service.before_call = [&](const Call& call) {
            if (call.operation == request.operation && !was_disturbed) {
                was_disturbed = true;
                other.service.put("app", item);
            }
        };
        one.run({request});
        EXPECT_TRUE(was_disturbed);
        EXPECT_EQ(one.undo().conflicts, 0U) << request.body;
        EXPECT_EQ(other.service.item("app", keyed(pk)), item) << request.body;
    }
}

TEST_F(ScriptUndoTest, NeverOverwritesACounterThatMovedDuringATransaction) {
    when("TransactWriteItems",
         [&] { world.service.put("app", R"({"pk":{"S":"k6"},"c":{"N":"70"}})"); });
    script.run({{"TransactWriteItems", R"({"TransactItems":[
        {"Update":{"TableName":"app","Key":{"pk":{"S":"k6"}},"UpdateExpression":"ADD c :c",
                   "ExpressionAttributeValues":{":c":{"N":"1"}}}}]})"}});

    EXPECT_EQ(script.undo().conflicts, 1U);
    EXPECT_EQ(at("k6"), R"({"c":{"N":"71"},"pk":{"S":"k6"}})");
}

TEST_F(ScriptUndoTest, PassesOverTablesThatAreGone) {
    script.run(every_form());
    UndoPlan plan;
    plan.steps = {0};
    plan.key_schema = [this](const std::string& table) {
        if (table == "copy") {
            throw base::Error(base::ErrorKind::not_found, "no such table");
        }
        return world.key;
    };
    std::size_t told = 0;
    plan.on_conflict = [&](const UndoConflict& conflict) {
        told += conflict.table == "copy" ? 1 : 0;
    };
    const UndoResult undone = backfill::undo(plan, world.surroundings(world.service), {});
    EXPECT_EQ(undone.conflicts, 3U);
    EXPECT_EQ(told, 3U);
    EXPECT_EQ(world.service.items("copy").size(), 3U);
    EXPECT_EQ(at("k3"), script.before().at(keyed("k3")));
}

/// Whatever request fails, in whatever way: what the journal calls applied is taken back, and what
/// it cannot know is listed, never restored wrongly.
class ScriptFailsAtEveryRequest : public ::testing::TestWithParam<Failure> {};

TEST_P(ScriptFailsAtEveryRequest, UndoesOrLists) {
    bool fired = true;
    for (int n = 1; fired; ++n) {
        World world;
        Script script(world);
        expressions::FailingService failing(world.service, n, GetParam());
        script.run(failing, each_form_once());
        fired = failing.fired();
        const UndoResult undone = script.undo();
        EXPECT_EQ(script.state(), script.before()) << "request " << n;
        EXPECT_EQ(undone.conflicts, 0U) << "request " << n;
        EXPECT_LE(undone.unsettled, 4U) << "request " << n;
    }
}

INSTANTIATE_TEST_SUITE_P(Backfill, ScriptFailsAtEveryRequest,
                         ::testing::Values(Failure::throttle, Failure::internal_500,
                                           Failure::lost_answer, Failure::reset,
                                           Failure::statement_throttled,
                                           Failure::statement_internal_error_applied,
                                           Failure::statement_internal_error_not_applied));

}  // namespace
}  // namespace dynamigrate::backfill
