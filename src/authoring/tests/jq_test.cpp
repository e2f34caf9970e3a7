#include "../jq_transform.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace dynamigrate::authoring {
namespace {

using backfill::TransformOutput;
using base::Error;
using base::ErrorKind;
using ::testing::HasSubstr;

const dynamodb::KeySchema kKey{{"pk", dynamodb::AttributeType::string}, std::nullopt};

/// What the program makes of an item in DynamoDB JSON.
struct Applied {
    base::Arena arena;
    TransformOutput output;

    Applied(const std::string& program, const std::string& item, JqMeaning meaning = {}) {
        const auto function = make_jq_transform({program, "m.yaml", 3, 9}, meaning);
        function->trial(kKey)->apply(dynamodb::parse_item(item, arena), arena, output);
    }
    std::string after() const {
        return output.kind() == TransformOutput::Kind::changed
                   ? dynamodb::to_wire_json(output.after())
                   : "not changed";
    }
    bool equals(const std::string& item) {
        return output.kind() == TransformOutput::Kind::changed &&
               output.after() == dynamodb::parse_item(item, arena);
    }
};

std::string failure_of(const std::string& program, const std::string& item) {
    try {
        return "none: " + Applied(program, item).after();
    } catch (const Error& error) {
        return error.what();
    }
}

std::string compile_failure(const std::string& program) {
    try {
        make_jq_transform({program, "m.yaml", 3, 9}, {})->check();
    } catch (const Error& error) {
        return error.what();
    }
    return "none";
}

TEST(Jq, ChangesAnItemAndGuardsItWhole) {
    Applied applied(".name = .first + \" \" + .last | del(.first, .last)",
                    R"({"pk":{"S":"a"},"first":{"S":"Ada"},"last":{"S":"L"}})");
    EXPECT_TRUE(applied.equals(R"({"pk":{"S":"a"},"name":{"S":"Ada L"}})")) << applied.after();
    EXPECT_TRUE(applied.output.has_read_all());
}

TEST(Jq, KeepsEveryTypeThatItDoesNotTouch) {
    const std::string item =
        R"({"pk":{"S":"a"},"n":{"N":"12345678901234567890123456789012345678"},)"
        R"("f":{"N":"0.1"},"b":{"B":"AAEC"},"ss":{"SS":["x","y"]},"ns":{"NS":["1",)"
        R"("98765432109876543210"]},"bs":{"BS":["AA=="]},"t":{"BOOL":true},"z":{"NULL":true},)"
        R"("m":{"M":{"l":{"L":[{"N":"9007199254740993"},{"S":"\u0000é"}]}}},)"
        R"("w":{"M":{"$dynamodb":{"M":{"S":{"S":"as it is"}}}}}})";
    EXPECT_EQ(Applied(".", item).after(), "not changed");
    Applied applied(".added = 1", item);
    const std::string wanted = item.substr(0, item.size() - 1) + R"(,"added":{"N":"1"}})";
    EXPECT_TRUE(applied.equals(wanted)) << applied.after();
}

TEST(Jq, CarriesWhatJsonCannotHoldToAnotherPlace) {
    Applied applied(".list = [.n, .ss] | .moved = .m | del(.n, .ss, .m)",
                    R"({"pk":{"S":"a"},"n":{"N":"9007199254740993"},"ss":{"SS":["x"]},)"
                    R"("m":{"M":{"b":{"B":"AAEC"}}}})");
    EXPECT_TRUE(
        applied.equals(R"({"pk":{"S":"a"},"list":{"L":[{"N":"9007199254740993"},{"SS":["x"]}]},)"
                       R"("moved":{"M":{"b":{"B":"AAEC"}}}})"))
        << applied.after();
}

TEST(Jq, MakesSetsAndExactNumbersInDynamodbJson) {
    Applied applied(R"(.tags = {"$dynamodb": {SS: .list}} | .n = {"$dynamodb": {N: "1e30"}})",
                    R"({"pk":{"S":"a"},"list":{"L":[{"S":"x"},{"S":"y"}]}})");
    EXPECT_TRUE(applied.equals(R"({"pk":{"S":"a"},"list":{"L":[{"S":"x"},{"S":"y"}]},)"
                               R"("tags":{"SS":["x","y"]},"n":{"N":"1e30"}})"))
        << applied.after();
}

TEST(Jq, RefusesToComputeWithNumbersThatADoubleCannotHold) {
    const std::string item = R"({"pk":{"S":"a"},"n":{"N":"9007199254740993"}})";
    for (const char* program : {".x = .n + 1", ".x = (.n | tostring)", ".x = [.n, .n] + [1 + .n]",
                                "select(.n < 5 | not) | .x = (.n | length)", ".x = (.n|floor)"}) {
        EXPECT_THAT(failure_of(program, item), HasSubstr("9007199254740993")) << program;
    }
    EXPECT_TRUE(
        Applied("if .n > 5 then .big = true else . end", item)
            .equals(R"({"pk":{"S":"a"},"n":{"N":"9007199254740993"},"big":{"BOOL":true}})"));
}

TEST(Jq, ComputesWithNumbersThatADoubleHolds) {
    EXPECT_TRUE(Applied(".n += 0.5 | .m = .n * 2", R"({"pk":{"S":"a"},"n":{"N":"1.25"}})")
                    .equals(R"({"pk":{"S":"a"},"n":{"N":"1.75"},"m":{"N":"3.5"}})"));
    EXPECT_THAT(failure_of(".n = infinite", R"({"pk":{"S":"a"}})"), HasSubstr("no number"));
    EXPECT_THAT(failure_of(".n = nan", R"({"pk":{"S":"a"}})"), HasSubstr("no number"));
}

TEST(Jq, LeavesAnItemWithoutAResultAsItIsOrOut) {
    const std::string item = R"({"pk":{"S":"a"}})";
    EXPECT_EQ(Applied("select(.x)", item).output.kind(), TransformOutput::Kind::unchanged);
    EXPECT_EQ(Applied("select(.x)", item, {true, true}).output.kind(),
              TransformOutput::Kind::removed);
}

TEST(Jq, RefusesResultsThatAreNoItem) {
    const std::string item = R"({"pk":{"S":"a"}})";
    EXPECT_THAT(failure_of("[.]", item), HasSubstr("must be an object"));
    EXPECT_THAT(failure_of("null", item), HasSubstr("must be an object"));
    EXPECT_THAT(failure_of("., .", item), HasSubstr("more than one result"));
    EXPECT_THAT(failure_of("reduce range(99) as $i (.; {pk: .})", item), HasSubstr("deeper"));
    EXPECT_THAT(failure_of(".a = {\"$dynamodb\": {N: \"x\"}}", item), HasSubstr("x"));
}

TEST(Jq, ChangesAKeyOnlyWhereThatIsDeclared) {
    const std::string item = R"({"pk":{"S":"a"}})";
    EXPECT_THAT(failure_of(".pk = \"b\"", item), HasSubstr("changes_key: true"));
    EXPECT_THAT(failure_of("del(.pk)", item), HasSubstr("removed pk"));
    EXPECT_TRUE(Applied(".pk = \"b\"", item, {true, false}).equals(R"({"pk":{"S":"b"}})"));
}

TEST(Jq, NamesThePlaceOfWhatTheProgramRaises) {
    EXPECT_THAT(failure_of(".pk.x", R"({"pk":{"S":"a"}})"),
                AllOf(HasSubstr("m.yaml:3:9"), HasSubstr("Cannot index string")));
    EXPECT_THAT(failure_of("error({a: 1})", R"({"pk":{"S":"a"}})"), HasSubstr("{\"a\":1}"));
}

TEST(Jq, NamesThePlaceOfWhatDoesNotCompile) {
    EXPECT_THAT(compile_failure(".a |\n foo"),
                AllOf(HasSubstr("m.yaml:3:9"), HasSubstr("foo/0 is not defined"),
                      HasSubstr("line 2 of the program: foo")));
    EXPECT_THAT(compile_failure("(.a"), HasSubstr("syntax error"));
    EXPECT_THAT(compile_failure(std::string(".\0x", 3)), HasSubstr("does not compile"));
    EXPECT_EQ(compile_failure("def f: .x; f | $run.id"), "none");
}

TEST(Jq, SeesTheRunAndNoEnvironment) {
    EXPECT_TRUE(Applied(".run = $run.id | .env = ($ENV | length)", R"({"pk":{"S":"a"}})")
                    .equals(R"({"pk":{"S":"a"},"run":{"S":"trial"},"env":{"N":"0"}})"));
    EXPECT_THAT(failure_of("env", R"({"pk":{"S":"a"}})"), HasSubstr("no environment"));
    EXPECT_THAT(failure_of("halt", R"({"pk":{"S":"a"}})"), HasSubstr("halt cannot be used"));
}

JqValue endless_input() { return JqValue(jv_object()); }

TEST(JqPool, EndsAProgramThatTakesTooLongAndWorksOn) {
    JqPool pool({"if .x then . else def f: f; f end", "m.yaml", 1, 1}, {},
                {std::chrono::milliseconds(1), std::uint64_t{1} << 40}, {});
    try {
        pool.evaluate(endless_input());
        FAIL() << "it ended";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("did not end within 1 ms"));
    }
    const auto result = pool.evaluate(JqValue(jv_parse("{\"x\":1}")));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->kind(), JV_KIND_OBJECT);
}

TEST(JqPool, EndsAProgramThatTakesTooMuchMemory) {
    JqPool pool({"[range(infinite)]", "m.yaml", 1, 1}, {},
                {std::chrono::minutes(5), std::uint64_t{1} << 20}, {});
    try {
        pool.evaluate(endless_input());
        FAIL() << "it ended";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("more than 1 MB"));
    }
}

TEST(JqPool, EndsWhatRunsOnAStop) {
    std::stop_source stop;
    JqPool pool({"if .x then . else def f: f; f end", "m.yaml", 1, 1}, {},
                {std::chrono::minutes(5), std::uint64_t{1} << 40}, stop.get_token());
    pool.evaluate(JqValue(jv_parse("{\"x\":1}")));
    std::jthread stopper([&] { stop.request_stop(); });
    try {
        pool.evaluate(endless_input());
        FAIL() << "it ended";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::cancelled);
    }
}

TEST(JqPool, EvaluatesOnManyThreadsAtOnce) {
    JqPool pool({".n += 1 | select(.s | test(\"a\"))", "m.yaml", 1, 1}, {}, {}, {});
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 50; ++i) {
                const auto result = pool.evaluate(JqValue(
                    jv_object_set(jv_object_set(jv_object(), jv_string("s"), jv_string("a")),
                                  jv_string("n"), jv_number(thread))));
                const JqValue n(jv_object_get(result->copy(), jv_string("n")));
                EXPECT_EQ(jv_number_value(n.get()), thread + 1);
            }
        });
    }
}

}  // namespace
}  // namespace dynamigrate::authoring
