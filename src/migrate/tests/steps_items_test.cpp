#include "steps_fixture.hpp"

#include <dynamigrate/base/error.hpp>

#include "../placeholders.hpp"
#include "../statement.hpp"

namespace dynamigrate::migrate {
namespace {

using base::ErrorKind;

json::Value text(const char* value) { return json::Value::string(value); }

class ItemSteps : public StepsTest {
protected:
    void SetUp() override { create_app(); }
};

TEST_F(ItemSteps, TransformsItemsThatMatch) {
    put(R"({"id":{"S":"1"},"email":{"S":"A@B.C"},"type":{"S":"user"}})");
    put(R"({"id":{"S":"2"},"email":{"S":"X@Y.Z"},"type":{"S":"order"}})");
    TransformStep step;
    step.table = "app";
    step.where = expression("#t = :user", R"({":user":{"S":"user"}})", {{"#t", "type"}});
    step.transformation.set.emplace_back("emailLower", text("${email | lower}"));
    step.transformation.rename.emplace_back("type", "kind");

    StepResult result = run(make_transform(step));

    EXPECT_EQ(result.counts.changed, 1U);
    EXPECT_EQ(
        items()[0],
        R"({"email":{"S":"A@B.C"},"emailLower":{"S":"a@b.c"},"id":{"S":"1"},"kind":{"S":"user"}})");
    EXPECT_EQ(items()[1], R"({"email":{"S":"X@Y.Z"},"id":{"S":"2"},"type":{"S":"order"}})");
    EXPECT_TRUE(codes(make_transform(step)).empty());
}

TEST_F(ItemSteps, QuarantinesAnItemWithoutTheAttribute) {
    put(R"({"id":{"S":"1"}})");
    TransformStep step;
    step.table = "app";
    step.options.failure_budget.count = 1;
    step.transformation.set.emplace_back("low", text("${email | lower}"));

    StepResult result = run(make_transform(step));

    EXPECT_EQ(result.counts.quarantined, 1U);
    EXPECT_NE(records.quarantined(0).front().message.find("attribute email is missing"),
              std::string::npos);
}

TEST_F(ItemSteps, ChangesKeysOnceEach) {
    for (int i = 0; i < 40; ++i) {
        put("{\"id\":{\"S\":\"" + std::to_string(i) + "\"}}");
    }
    TransformStep step;
    step.table = "app";
    step.transformation.set.emplace_back("id", text("USER#${id}"));

    run(make_transform(step));

    EXPECT_EQ(items().size(), 40U);
    for (const std::string& item : items()) {
        EXPECT_EQ(item.find("USER#"), item.rfind("USER#"));
        EXPECT_NE(item.find("USER#"), std::string::npos);
    }
}

TEST_F(ItemSteps, RunsFunctionsWithActionsOnOtherTables) {
    service.create_table("log", {{"id", dynamodb::AttributeType::string}, std::nullopt});
    put(R"({"id":{"S":"1"},"n":{"N":"1"}})");
    TransformStep step;
    step.table = "app";
    step.function_acts = true;
    step.function = [](ItemEditor& item) {
        item.set("n", item.integer("n") + 1);
        dynamodb::ItemBuilder entry(item.arena());
        item.put("log", entry.string("id", item.string("id")).build());
    };

    run(make_transform(step));

    EXPECT_EQ(items()[0], R"({"id":{"S":"1"},"n":{"N":"2"}})");
    EXPECT_EQ(items("log"), (Strings{R"({"id":{"S":"1"}})"}));
}

TEST_F(ItemSteps, RenamesAndBack) {
    put(R"({"id":{"S":"1"},"a":{"S":"x"}})");
    StepPtr step = make_rename_attribute("app", "a", "b");

    run(step);
    EXPECT_EQ(items()[0], R"({"b":{"S":"x"},"id":{"S":"1"}})");
    run(*step->inverse());
    EXPECT_EQ(items()[0], R"({"a":{"S":"x"},"id":{"S":"1"}})");
    EXPECT_EQ(
        make_rename_attribute("app", "a", "b", expression("attribute_exists(a)"))->reversal().kind,
        Reversal::Kind::journal);
    run(make_remove_attribute("app", "a"));
    EXPECT_EQ(items()[0], R"({"id":{"S":"1"}})");
}

TEST_F(ItemSteps, UpdatesByAnExpressionThatSharesItsNames) {
    put(R"({"id":{"S":"1"},"c":{"N":"41"},"type":{"S":"user"}})");
    put(R"({"id":{"S":"2"},"c":{"N":"1"},"type":{"S":"order"}})");
    UpdateStep step;
    step.table = "app";
    step.where = expression("#t = :user");
    step.expression = expression("SET c = c + :one, #t = :new",
                                 R"({":one":{"N":"1"},":new":{"S":"member"},":user":{"S":"user"}})",
                                 {{"#t", "type"}});

    EXPECT_TRUE(codes(make_update(step)).empty());
    StepResult result = run(make_update(step));

    EXPECT_EQ(result.counts.changed, 1U);
    EXPECT_EQ(items()[0], R"({"c":{"N":"42"},"id":{"S":"1"},"type":{"S":"member"}})");
    step.expression = expression("SET id = :v", R"({":v":{"S":"x"}})");
    step.where = {};
    EXPECT_NE(error_of(make_update(step)).find("an attribute of table prod-app's key"),
              std::string::npos);
}

TEST_F(ItemSteps, DeletesByConditionAndByKey) {
    for (const char* id : {"1", "2", "3"}) {
        put(std::string(R"({"id":{"S":")") + id + R"("},"stale":{"BOOL":)" +
            (*id == '1' ? "true" : "false") + "}}");
    }
    DeleteStep by_condition;
    by_condition.table = "app";
    by_condition.where = expression("stale = :t", R"({":t":{"BOOL":true}})");
    DeleteStep by_key;
    by_key.table = "app";
    by_key.keys = {owned(R"({"id":{"S":"3"}})"), owned(R"({"id":{"S":"9"}})")};

    run(make_delete(by_condition));
    EXPECT_EQ(items().size(), 2U);
    run(make_delete(by_key));
    EXPECT_EQ(items(), (Strings{R"({"id":{"S":"2"},"stale":{"BOOL":false}})"}));
    EXPECT_EQ(codes(make_delete({"app", {}, {}, {}})), (Strings{"delete_everything"}));
}

TEST_F(ItemSteps, PutsItemsAndKeepsWhatIsThere) {
    put(R"({"id":{"S":"1"},"n":{"N":"1"}})");
    PutStep step;
    step.table = "app";
    step.items = {owned(R"({"id":{"S":"1"}})"), owned(R"({"id":{"S":"2"}})")};
    step.transformation.set.emplace_back("from", text("${id}"));

    StepResult result = run(make_put(step));

    EXPECT_EQ(result.counts.kept, 1U);
    EXPECT_EQ(items(), (Strings{R"({"id":{"S":"1"},"n":{"N":"1"}})",
                                R"({"from":{"S":"2"},"id":{"S":"2"}})"}));
    step.if_exists = backfill::IfExists::replace;
    run(make_put(step));
    EXPECT_EQ(items()[0], R"({"from":{"S":"1"},"id":{"S":"1"}})");
}

TEST_F(ItemSteps, PutsTheItemsOfAFile) {
    std::filesystem::path file = directory.path() / "items.csv";
    std::string rows = "id,name\n";
    for (int i = 0; i < 100; ++i) {
        rows += std::to_string(i) + ",n\n";
    }
    base::write_file_atomically(file, rows);
    PutStep step;
    step.table = "app";
    step.file = file.string();

    run(make_put(step));

    EXPECT_EQ(items().size(), 100U);
    EXPECT_TRUE(codes(make_put(step)).empty());
    step.file = (directory.path() / "gone.json").string();
    EXPECT_EQ(codes(make_put(step)), (Strings{"no_file"}));
    step.file = "x.txt";
    EXPECT_EQ(codes(make_put(step)), (Strings{"bad_file"}));
}

TEST_F(ItemSteps, CopiesWithAnotherKey) {
    service.create_table("other", {{"pk", dynamodb::AttributeType::string}, std::nullopt});
    put(R"({"id":{"S":"1"}})");
    CopyStep step;
    step.table = "app";
    step.to = "other";
    step.transformation.set.emplace_back("pk", text("APP#${id}"));
    step.transformation.remove.push_back("id");

    run(make_copy(step));

    EXPECT_EQ(items("other"), (Strings{R"({"pk":{"S":"APP#1"}})"}));
    EXPECT_EQ(items().size(), 1U);
}

TEST_F(ItemSteps, VerifiesCounts) {
    for (int i = 0; i < 8; ++i) {
        put("{\"id\":{\"S\":\"" + std::to_string(i) + "\"},\"legacy\":{\"N\":\"1\"}}");
    }
    VerifyStep step;
    step.table = "app";
    step.where = expression("attribute_exists(legacy)");

    std::string error = error_of(make_verify(step));

    EXPECT_EQ(kind, ErrorKind::failed_precondition);
    EXPECT_NE(error.find("8 of 8 items match attribute_exists(legacy), 0 expected; key "),
              std::string::npos)
        << error;
    EXPECT_NE(error.find(" and others"), std::string::npos);
    step.expect = 8;
    EXPECT_EQ(run(make_verify(step)).counts.matched, 8U);
    step.where = expression("id = :v", R"({":v":{"S":"3"}})");
    step.expect = 1;
    EXPECT_EQ(run(make_verify(step)).counts.matched, 1U);
    backfill::QuerySource query;
    OwnedExpression condition = step.where;
    query.key_condition = condition.view();
    step.options.source = query;
    EXPECT_EQ(run(make_verify(step)).counts.matched, 1U);
    step.where = {};
    EXPECT_EQ(run(make_verify(step)).counts.read, 1U);
    EXPECT_TRUE(run(*make_verify(step)->inverse()).lines.empty());
}

TEST_F(ItemSteps, FindsWrongExpressionsAndOptions) {
    TransformStep step;
    step.table = "app";
    step.where = expression("status = :x", R"({":x":{"S":"1"}})");
    step.options.lanes = 0;
    step.options.max_wcu = -1;

    EXPECT_EQ(codes(make_transform(step)),
              (Strings{"reserved_word", "bad_option", "bad_option", "nothing_to_do"}));
    step = {};
    step.table = "app";
    step.where = expression("a = ");
    step.transformation.set.emplace_back("a", text("${b | c}"));
    EXPECT_EQ(codes(make_transform(step)), (Strings{"bad_expression", "bad_transformation"}));
    UpdateStep update;
    update.table = "app";
    update.expression = expression("SET a = :x", R"({":x":{"S":"1"},":y":{"S":"1"}})");
    EXPECT_EQ(codes(make_update(update)), (Strings{"bad_expression"}));
}

class PartiqlSteps : public StepsTest {};

/// Answers ExecuteStatement from a script.
class Statements final : public dynamodb::Service {
public:
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        bodies.emplace_back(call.body);
        answer(reply);
    }
    std::string location() const override { return "script"; }

    std::vector<std::string> bodies;
    std::function<void(dynamodb::Reply&)> answer;
};

TEST_F(PartiqlSteps, SendsStatementsWithPhysicalTablesAndParameters) {
    Statements script;
    script.answer = [](dynamodb::Reply& reply) { reply.body = R"({"Items":[]})"; };
    PartiqlStep step;
    step.statement = R"(UPDATE app SET "from" = 'FROM app' WHERE id = ?)";
    step.parameters = {dynamodb::AttributeValue::string("7")};

    StepResult result = make_partiql(step)->run(step_run(script));

    EXPECT_EQ(result.counts.changed, 1U);
    EXPECT_EQ(script.bodies[0],
              R"({"Statement":"UPDATE \"prod-app\" SET \"from\" = 'FROM app' WHERE id = ?",)"
              R"("Parameters":[{"S":"7"}],"ReturnConsumedCapacity":"TOTAL"})");
    EXPECT_EQ(make_partiql(step)->tables(), (Strings{"app"}));
    EXPECT_EQ(make_partiql(step)->reversal().kind, Reversal::Kind::impossible);
}

TEST_F(PartiqlSteps, PagesThroughASelect) {
    Statements script;
    script.answer = [&](dynamodb::Reply& reply) {
        reply.body = script.bodies.size() == 1 ? R"({"Items":[{"id":{"S":"1"}}],"NextToken":"t"})"
                                               : R"({"Items":[{"id":{"N":"2"}}]})";
    };
    PartiqlStep step;
    step.statement = "select * from app";

    StepResult result = make_partiql(step)->run(step_run(script));

    EXPECT_EQ(result.lines, (Strings{R"({"id":"1"})", R"({"id":2})", "2 items"}));
    EXPECT_NE(script.bodies[1].find(R"("NextToken":"t")"), std::string::npos);
    EXPECT_EQ(make_partiql(step)->reversal().kind, Reversal::Kind::inverse);
}

TEST_F(PartiqlSteps, SaysWhenTheOutcomeIsUnknown) {
    Statements script;
    script.answer = [](dynamodb::Reply&) {
        throw base::Error(ErrorKind::unavailable, "reset").may_have_applied(true);
    };
    PartiqlStep step;
    step.statement = "DELETE FROM app WHERE id = 'x'";

    try {
        make_partiql(step)->run(step_run(script));
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::outcome_unknown);
    }
    script.answer = [](dynamodb::Reply& reply) {
        reply.outcome = dynamodb::Outcome::condition_failed;
    };
    EXPECT_THROW(make_partiql(step)->run(step_run(script)), base::Error);
}

TEST_F(PartiqlSteps, AreNotSentAgainWhereTheOutcomeIsUnknown) {
    Statements script;
    script.answer = [](dynamodb::Reply&) {
        throw base::Error(ErrorKind::unavailable, "killed").may_have_applied(true);
    };
    PartiqlStep step;
    step.statement = "UPDATE app SET n = n + 1 WHERE id = 'x'";
    StepRun run = step_run(script);
    EXPECT_THROW(make_partiql(step)->run(run), base::Error);
    script.answer = [](dynamodb::Reply& reply) { reply.body = "{}"; };
    try {
        make_partiql(step)->run(run);
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::outcome_unknown);
        EXPECT_NE(std::string(error.what()).find("--force"), std::string::npos);
    }
    EXPECT_EQ(script.bodies.size(), 1U);
    run.force = true;
    EXPECT_EQ(make_partiql(step)->run(run).counts.changed, 1U);
    EXPECT_EQ(script.bodies.size(), 2U);
    EXPECT_EQ(make_partiql(step)->run(run).counts.changed, 1U);
    EXPECT_EQ(script.bodies.size(), 2U) << "sent again although it was done";
}

TEST_F(PartiqlSteps, AreSentAgainAfterARefusal) {
    Statements script;
    script.answer = [](dynamodb::Reply& reply) {
        reply.outcome = dynamodb::Outcome::condition_failed;
    };
    PartiqlStep step;
    step.statement = "DELETE FROM app WHERE id = 'x'";
    StepRun run = step_run(script);
    EXPECT_THROW(make_partiql(step)->run(run), base::Error);
    script.answer = [](dynamodb::Reply&) {
        throw base::Error(ErrorKind::invalid_argument, "refused");
    };
    EXPECT_THROW(make_partiql(step)->run(run), base::Error);
    script.answer = [](dynamodb::Reply& reply) { reply.body = "{}"; };
    EXPECT_EQ(make_partiql(step)->run(run).counts.changed, 1U);
    EXPECT_EQ(script.bodies.size(), 3U);
}

TEST_F(PartiqlSteps, ChecksStatements) {
    PartiqlStep step;
    step.statement = "DROP TABLE app";
    EXPECT_EQ(codes(make_partiql(step)), (Strings{"bad_statement"}));
    step.statement = "SELECT * FROM app WHERE a = ? AND b = '?'";
    EXPECT_EQ(codes(make_partiql(step)), (Strings{"bad_parameters"}));
}

TEST(Placeholders, AreSharedOut) {
    EXPECT_EQ(placeholders_in("#a = :b AND #a < :c_1"),
              (std::vector<std::string>{"#a", ":b", ":c_1"}));
}

TEST(Statement, RenamesTablesOutsideOfTexts) {
    auto rename = [](const std::string& name) { return name == "a\"b" ? "c" : name; };

    EXPECT_EQ(with_tables(R"(SELECT * FROM "a""b"."ix" WHERE x = 'FROM "a""b"')", rename),
              R"(SELECT * FROM "c"."ix" WHERE x = 'FROM "a""b"')");
    EXPECT_EQ(statement_verb("  insert into x"), "INSERT");
    EXPECT_EQ(count_parameters("a = ? AND b = 'it''s ?'"), 1U);
}

}  // namespace
}  // namespace dynamigrate::migrate
