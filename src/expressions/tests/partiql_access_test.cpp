#include "partiql_fixture.hpp"

namespace dynamigrate::expressions {
namespace {

class PartiqlAccessTest : public PartiqlTest {
protected:
    KeyAccess access_of(const std::string& rest, std::string_view wire = "[]") {
        return key_access(parse("SELECT * FROM tab " + rest, wire), composite);
    }

    /// `a; b sk between 1 2; exact`
    std::string access(const std::string& where, std::string_view wire = "[]") {
        return describe(access_of("WHERE " + where, wire));
    }

    static std::string describe(const KeyAccess& access) {
        static constexpr const char* kOperators[] = {
            "", "=", "<", "<=", ">", ">=", "between", "begins_with"};
        std::string text = access.is_scan ? "scan" : "";
        for (const KeyRange& range : access.ranges) {
            text += text.empty() ? "" : "; ";
            text += range.hash.text();
            if (range.sort_operator != SortOperator::none) {
                text += " " +
                        std::string(kOperators[static_cast<std::size_t>(range.sort_operator)]) +
                        " " + std::string(range.sort.text());
            }
            if (range.sort_operator == SortOperator::between) {
                text += " " + std::string(range.sort_upper.text());
            }
        }
        return text + (access.is_exact ? "; exact" : "") +
               (access.is_descending ? "; descending" : "");
    }

    std::string access_refusal(const std::string& rest, std::string_view wire = "[]") {
        return error_of([&] { access_of(rest, wire); });
    }

    std::string item_key(const std::string& where) {
        const auto key = access_of("WHERE " + where).item_key(composite, arena);
        return key ? dynamodb::to_wire_json(*key) : "none";
    }

    PartiqlTarget target_of(const std::string& text, std::string_view wire = "[]") {
        return partiql_target(parse(text, wire), composite, arena);
    }
    std::string target(const std::string& where, std::string_view wire = "[]") {
        const PartiqlTarget found = target_of("UPDATE tab SET a = 1 WHERE " + where, wire);
        return dynamodb::to_wire_json(found.key) + " " + found.condition.to_string();
    }
    std::string target_refusal(const std::string& text, std::string_view wire = "[]") {
        return error_of([&] { target_of(text, wire); });
    }
};

TEST_F(PartiqlAccessTest, ReachesAPartition) {
    EXPECT_EQ(access("pk = 'a'"), "a; exact");
    EXPECT_EQ(access("? = pk", R"([{"S":"a"}])"), "a; exact");
    EXPECT_EQ(access("pk = 'a' AND x = 1"), "a");
    EXPECT_EQ(access("x = 1 AND (pk = 'a')"), "a");
}

TEST_F(PartiqlAccessTest, NarrowsByTheSortKey) {
    EXPECT_EQ(access("pk = 'a' AND sk = 1"), "a = 1; exact");
    EXPECT_EQ(access("sk < 1 AND pk = 'a'"), "a < 1; exact");
    EXPECT_EQ(access("pk = 'a' AND sk <= 1"), "a <= 1; exact");
    EXPECT_EQ(access("pk = 'a' AND sk > 1"), "a > 1; exact");
    EXPECT_EQ(access("pk = 'a' AND sk >= 1"), "a >= 1; exact");
    EXPECT_EQ(access("pk = 'a' AND sk BETWEEN 1 AND 2"), "a between 1 2; exact");
    EXPECT_EQ(access("pk = 'a' AND 2 < sk"), "a > 2; exact");
    EXPECT_EQ(access("pk = 'a' AND 2 >= sk"), "a <= 2; exact");
    composite.sort->type = dynamodb::AttributeType::string;
    EXPECT_EQ(access("pk = 'a' AND begins_with(sk, 'x')"), "a begins_with x; exact");
    EXPECT_EQ(access("pk = 'a' AND begins_with('x', sk)"), "a");
}

TEST_F(PartiqlAccessTest, LeavesTheRestToTheCondition) {
    EXPECT_EQ(access("pk = 'a' AND sk > 1 AND sk < 3"), "a > 1");
    EXPECT_EQ(access("pk = 'a' AND sk <> 1"), "a");
    EXPECT_EQ(access("pk = 'a' AND sk IN [1, 2]"), "a");
    EXPECT_EQ(access("pk = 'a' AND (sk = 1 OR sk = 2)"), "a");
    EXPECT_EQ(access("pk = 'a' AND NOT sk = 1"), "a");
    EXPECT_EQ(access("pk = 'a' AND sk = n"), "a");
    EXPECT_EQ(access("pk = 'a' AND pk = 'b'"), "a");
    EXPECT_EQ(access("pk = 'a' AND size(sk) = 1"), "a");
}

TEST_F(PartiqlAccessTest, ReachesListsOfPartitionsInTheirOrder) {
    EXPECT_EQ(access("pk IN ['c', 'a']"), "c; a; exact");
    EXPECT_EQ(access("pk IN ('a', 'a')"), "a; a; exact");
    EXPECT_EQ(access("pk IN ['c', 'a'] AND sk = 2"), "c = 2; a = 2; exact");
    EXPECT_EQ(access("pk IN ['c', 'a'] AND pk = 'a'"), "a");
    EXPECT_EQ(access("pk = 'c' OR pk = 'a'"), "c; a; exact");
    EXPECT_EQ(access("(pk = 'c' OR pk = 'a') AND sk = 1"), "c = 1; a = 1; exact");
    EXPECT_EQ(access("pk = 'c' AND sk = 1 OR pk = 'a' AND sk < 2"), "c = 1; a < 2; exact");
    EXPECT_EQ(access("(pk = 'c' AND sk = 1 OR pk = 'a') AND sk > 2"), "c = 1; a");
}

TEST_F(PartiqlAccessTest, ReadsAPartitionOnceThatAlternativesShare) {
    EXPECT_EQ(access("pk = 'a' OR pk = 'a'"), "a; exact");
    EXPECT_EQ(access("pk = 'a' AND sk = 3 OR pk = 'a' AND sk = 1"), "a");
    EXPECT_EQ(access("pk = 'a' AND sk = 3 OR pk = 'a'"), "a; exact");
}

TEST_F(PartiqlAccessTest, ScansForAnythingElse) {
    EXPECT_EQ(describe(access_of("")), "scan; exact");
    EXPECT_EQ(access("x = 1"), "scan");
    EXPECT_EQ(access("sk = 1"), "scan");
    EXPECT_EQ(access("pk > 'a'"), "scan");
    EXPECT_EQ(access("pk <> 'a'"), "scan");
    EXPECT_EQ(access("NOT pk = 'a'"), "scan");
    EXPECT_EQ(access("pk = x"), "scan");
    EXPECT_EQ(access("pk IN [x, 'a']"), "scan");
    EXPECT_EQ(access("pk = 'a' OR x = 1"), "scan");
    EXPECT_EQ(access("begins_with(pk, 'a')"), "scan");
    EXPECT_EQ(access("pk IS NOT MISSING"), "scan");
}

TEST_F(PartiqlAccessTest, KnowsTheKeyOfOneItem) {
    EXPECT_EQ(item_key("pk = 'a' AND sk = 1"), R"({"pk":{"S":"a"},"sk":{"N":"1"}})");
    EXPECT_EQ(item_key("pk IN ['a'] AND sk = 1"), R"({"pk":{"S":"a"},"sk":{"N":"1"}})");
    EXPECT_EQ(item_key("pk = 'a'"), "none");
    EXPECT_EQ(item_key("pk = 'a' AND sk > 1"), "none");
    EXPECT_EQ(item_key("pk IN ['a', 'b'] AND sk = 1"), "none");
    EXPECT_EQ(item_key("x = 1"), "none");
    const auto key =
        key_access(parse("SELECT * FROM tab WHERE pk = 'a'"), simple).item_key(simple, arena);
    ASSERT_TRUE(key);
    EXPECT_EQ(dynamodb::to_wire_json(*key), R"({"pk":{"S":"a"}})");
}

TEST_F(PartiqlAccessTest, ReadsBackwardsByTheSortKey) {
    EXPECT_EQ(describe(access_of("WHERE pk = 'a' ORDER BY sk DESC")), "a; exact; descending");
    EXPECT_EQ(describe(access_of("WHERE pk = 'a' ORDER BY pk DESC")), "a; exact");
    EXPECT_EQ(describe(access_of("WHERE pk = 'a' ORDER BY pk, sk DESC")), "a; exact; descending");
    EXPECT_EQ(describe(access_of("WHERE pk = 'a' ORDER BY sk, sk DESC")), "a; exact");
    EXPECT_EQ(access_refusal("WHERE pk = 'a' ORDER BY x"),
              "Variable reference x in ORDER BY clause must be part of the primary key");
    EXPECT_EQ(access_refusal("WHERE x = 'a' ORDER BY sk"),
              "Must have at least one non-optional hash key condition in WHERE clause when using "
              "ORDER BY clause.");
}

TEST_F(PartiqlAccessTest, RefusesKeysOfOtherTypes) {
    const auto wrong_key = [](const std::string& name) {
        return "Key attribute's data type should match its data type in table's schema: Key " +
               name;
    };
    const std::string wrong_condition =
        "One or more parameter values were invalid: Condition parameter type does not match "
        "schema type";
    EXPECT_EQ(access_refusal("WHERE pk = 1"), wrong_key("pk"));
    EXPECT_EQ(access_refusal("WHERE pk = ?", R"([{"N":"1"}])"), wrong_key("pk"));
    EXPECT_EQ(access_refusal("WHERE pk IS NULL"), wrong_key("pk"));
    EXPECT_EQ(access_refusal("WHERE pk = 'a' AND sk > 'x'"), wrong_key("sk"));
    EXPECT_EQ(access_refusal("WHERE pk = 'a' AND sk BETWEEN 'x' AND 'y'"), wrong_key("sk"));
    EXPECT_EQ(access_refusal("WHERE sk = 'x'"), wrong_condition);
    EXPECT_EQ(access_refusal("WHERE pk = 5 OR x = 'q'"), wrong_condition);
    EXPECT_EQ(access_refusal("WHERE NOT pk = 5"), wrong_condition);
    EXPECT_EQ(access_refusal("WHERE pk = 'a' AND sk IN ['5']"), wrong_condition);
    EXPECT_EQ(access_refusal("WHERE pk = 'a' AND contains(sk, '5')"), wrong_condition);
    EXPECT_EQ(access("size(pk) = 1"), "scan");
}

TEST_F(PartiqlAccessTest, RefusesEmptyAndNestedKeys) {
    const std::string empty =
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
        "contain an empty string value. Key: pk";
    EXPECT_EQ(access_refusal("WHERE pk = ''"), empty);
    EXPECT_EQ(access_refusal("WHERE pk IN ['a', '']"), empty);
    EXPECT_EQ(access_refusal("WHERE x = 1 OR pk = ''"), empty);
    const std::string nested =
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not "
        "allowed: Key: ";
    EXPECT_EQ(access_refusal("WHERE pk.a = 'x'"), nested + "pk");
    EXPECT_EQ(access_refusal("WHERE pk = 'a' AND sk[0] = 1"), nested + "sk");
    EXPECT_EQ(error_of([&] { key_access(parse("SELECT pk.a FROM tab"), composite); }),
              nested + "pk");
}

TEST_F(PartiqlAccessTest, TargetsOneItem) {
    EXPECT_EQ(target("pk = 'a' AND sk = 1"), R"({"pk":{"S":"a"},"sk":{"N":"1"}} )");
    EXPECT_EQ(target("1 = sk AND (x = 2 AND 'a' = pk)"),
              R"({"pk":{"S":"a"},"sk":{"N":"1"}} eq(x, {"N":"2"}))");
    EXPECT_EQ(target("pk = ? AND sk = ? AND sk > 0 AND y IS MISSING", R"([{"S":"a"},{"N":"1.0"}])"),
              R"({"pk":{"S":"a"},"sk":{"N":"1.0"}} and(gt(sk, {"N":"0"}), not_exists(y)))");
    EXPECT_EQ(target("pk = 'a' AND sk = 1 AND sk = 1.0"), R"({"pk":{"S":"a"},"sk":{"N":"1"}} )");
}

TEST_F(PartiqlAccessTest, ResidualConditionsSeeMissingItemsAsEmpty) {
    EXPECT_TRUE(target_of("DELETE FROM tab WHERE pk = 'a' AND sk = 1 AND x IS MISSING")
                    .condition.matches({}));
    EXPECT_FALSE(
        target_of("DELETE FROM tab WHERE pk = 'a' AND sk = 1 AND sk > 0").condition.matches({}));
    EXPECT_TRUE(target_of("DELETE FROM tab WHERE pk = 'a' AND sk = 1").condition.empty());
}

TEST_F(PartiqlAccessTest, RefusesTargetsOfNoSingleItem) {
    const std::string no_key =
        "Where clause does not contain a mandatory equality on all key attributes";
    EXPECT_EQ(target_refusal("DELETE FROM tab"), no_key);
    for (const char* where :
         {"pk = 'a'", "pk = 'a' AND sk > 1", "pk = 'a' AND sk = 1 OR x = 1",
          "pk IN ['a'] AND sk = 1", "NOT (pk = 'a' AND sk = 1)", "pk = x AND sk = 1"}) {
        EXPECT_EQ(target_refusal("UPDATE tab SET a = 1 WHERE " + std::string(where)), no_key);
    }
    EXPECT_EQ(target_refusal("DELETE FROM tab WHERE pk = 'a' AND sk = 1 AND sk = 2"),
              "Multiple conditions on same key sk. Only single item Update/Insert/Delete are "
              "supported");
    EXPECT_EQ(target_refusal("DELETE FROM tab WHERE pk = 'a' AND sk = '1'"),
              "Key attribute's data type should match its data type in table's schema: Key sk");
    EXPECT_EQ(target_refusal("DELETE FROM tab WHERE pk = 'a' AND sk = 1 AND sk < 'x'"),
              "One or more parameter values were invalid: Condition parameter type does not match "
              "schema type");
}

TEST_F(PartiqlAccessTest, TargetsTheItemThatIsInserted) {
    EXPECT_EQ(
        dynamodb::to_wire_json(target_of("INSERT INTO tab VALUE {'x': 1, 'sk': 2, 'pk': 'a'}").key),
        R"({"pk":{"S":"a"},"sk":{"N":"2"}})");
    EXPECT_EQ(target_refusal("INSERT INTO tab VALUE {'pk': 'a'}"),
              "Key attribute should be present in the item: Key sk");
    EXPECT_EQ(target_refusal("INSERT INTO tab VALUE {'pk': 1, 'sk': 2}"),
              "Key attribute's data type should match its data type in table's schema: Key pk");
    EXPECT_EQ(target_refusal("INSERT INTO tab VALUE {'pk': '', 'sk': 2}"),
              "One or more parameter values are not valid. The AttributeValue for a key attribute "
              "cannot contain an empty string value. Key: pk");
}

TEST_F(PartiqlAccessTest, ExistsWantsOneItemAndACondition) {
    EXPECT_EQ(target_of("EXISTS(SELECT * FROM tab WHERE pk = 'a' AND sk = 1 AND x = 2)")
                  .condition.to_string(),
              R"(eq(x, {"N":"2"}))");
    for (const char* where : {"pk = 'a' AND sk = 1", "pk = 'a' AND x = 2", "x = 2"}) {
        EXPECT_EQ(target_refusal("EXISTS(SELECT * FROM tab WHERE " + std::string(where) + ")"),
                  "EXISTS() must contain a single item read with additional condition");
    }
}

}  // namespace
}  // namespace dynamigrate::expressions
