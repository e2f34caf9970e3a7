#include "partiql_fixture.hpp"

namespace dynamigrate::expressions {
namespace {

using Kind = PartiqlStatement::Kind;

class PartiqlStatementTest : public PartiqlTest {
protected:
    std::string updated(const std::string& changes, std::string_view before,
                        std::string_view wire = "[]") {
        const PartiqlStatement statement = parse("UPDATE tab " + changes + " WHERE pk = 'a'", wire);
        return dynamodb::to_wire_json(statement.update.apply(item(before), arena));
    }
    std::string update_refusal(const std::string& changes, std::string_view wire = "[]") {
        return refusal("UPDATE tab " + changes + " WHERE pk = 'a'", wire);
    }
    std::string selected(const std::string& list, std::string_view json) {
        return dynamodb::to_wire_json(
            select_partiql(parse("SELECT " + list + " FROM tab"), item(json), arena));
    }
    std::string inserted(const std::string& value, std::string_view wire = "[]") {
        return dynamodb::to_wire_json(parse("INSERT INTO tab VALUE " + value, wire).item);
    }
    std::string insert_refusal(const std::string& value, std::string_view wire = "[]") {
        return refusal("INSERT INTO tab VALUE " + value, wire);
    }
};

TEST_F(PartiqlStatementTest, NamesTableAndIndex) {
    PartiqlStatement plain = parse("select * from tab;");
    EXPECT_EQ(plain.kind, Kind::select);
    EXPECT_EQ(plain.table, "tab");
    EXPECT_EQ(plain.index, "");
    EXPECT_TRUE(plain.condition.empty());
    EXPECT_TRUE(plain.selection.empty());
    PartiqlStatement quoted = parse(R"(SELECT ALL * FROM "my-table.1"."by-name" WHERE a = 1)");
    EXPECT_EQ(quoted.table, "my-table.1");
    EXPECT_EQ(quoted.index, "by-name");
    EXPECT_EQ(parse("SELECT * FROM tab.idx").index, "idx");
}

TEST_F(PartiqlStatementTest, RefusesOtherSources) {
    const std::string bad_name =
        "Table name should be within the length [3, 255] and only contain 'a-z', 'A-Z', '0-9', "
        "'-', '_', '.'.";
    EXPECT_EQ(refusal("SELECT * FROM ab"), bad_name);
    EXPECT_EQ(refusal(R"(SELECT * FROM "a b c")"), bad_name);
    EXPECT_EQ(refusal(R"(SELECT * FROM tab."x")"), bad_name);
    EXPECT_EQ(refusal(R"(UPDATE "" SET a = 1)"), "Path component cannot be an empty string");
    EXPECT_EQ(refusal("SELECT * FROM tab.idx.more"),
              "A path may contain at most 2 components in the FROM clause");
    EXPECT_EQ(refusal("UPDATE tab[0] SET a = 1"), "Invalid list expression in source.");
    EXPECT_EQ(refusal("SELECT * FROM 'tab'"), "Unexpected from source");
    EXPECT_EQ(refusal("SELECT * FROM (SELECT * FROM tab)"), "Unexpected from source");
    EXPECT_EQ(refusal("SELECT * FROM tab, other"),
              "Only select from a single table or index is supported.");
    EXPECT_EQ(refusal("UPDATE tab.idx SET a = 1"), "This operation is not supported on an index");
    EXPECT_EQ(refusal("DELETE FROM tab.idx"), "This operation is not supported on an index");
    EXPECT_EQ(refusal("INSERT INTO tab.idx VALUE {'a': 1}"),
              "FROM clause may only contain a single table name in data manipulation statements");
}

TEST_F(PartiqlStatementTest, SelectsPathsByTheirLastNames) {
    const char* json =
        R"({"a":{"M":{"b":{"L":[{"N":"1"},{"M":{"c d":{"S":"x"}}}]}}},"e":{"S":"y"},"e.f":{"S":"z"}})";
    EXPECT_EQ(selected("e", json), R"({"e":{"S":"y"}})");
    EXPECT_EQ(selected(R"("e.f", a.b[0])", json), R"({"e.f":{"S":"z"},"b[0]":{"N":"1"}})");
    EXPECT_EQ(selected(R"(a.b[1]."c d", nope, e.f, a.b[7])", json), R"({"c d":{"S":"x"}})");
    EXPECT_EQ(selected("(e)", json), R"({"e":{"S":"y"}})");
    EXPECT_EQ(selected("*", R"({"x":{"N":"1"}})"), R"({"x":{"N":"1"}})");
}

TEST_F(PartiqlStatementTest, RefusesOtherSelections) {
    EXPECT_EQ(refusal("SELECT a AS b FROM tab"), "Aliasing is not supported");
    EXPECT_EQ(refusal("SELECT a b FROM tab"), "Aliasing is not supported");
    EXPECT_EQ(refusal("SELECT * FROM tab AS t"), "Aliasing is not supported");
    EXPECT_EQ(refusal("UPDATE tab t SET a = 1"), "Aliasing is not supported");
    EXPECT_EQ(refusal("DELETE FROM tab t"), "Aliasing is not supported");
    EXPECT_EQ(refusal("SELECT a, b.a FROM tab"), "Duplicate identifiers in select clause: a");
    EXPECT_EQ(refusal(R"(SELECT a[0], "a[0]" FROM tab)"),
              "Duplicate identifiers in select clause: a[0]");
    EXPECT_EQ(refusal("SELECT m.a, m.a[0] FROM tab"),
              "Two document paths overlap with each other; must remove or rewrite one of these "
              "paths; path one: [m, a, [0]], path two: [m, a]");
    EXPECT_EQ(refusal("SELECT COUNT(*) FROM tab"), "Unexpected path component at 1:8:5");
    EXPECT_EQ(refusal("SELECT 1 FROM tab"), "Unexpected path component at 1:8:1");
    EXPECT_EQ(refusal("SELECT size(a) FROM tab"), "Unexpected path component at 1:8:4");
    EXPECT_EQ(refusal("SELECT a + 1 FROM tab"), "Unexpected path component at 1:10:1");
    EXPECT_EQ(refusal("SELECT tab.* FROM tab"),
              "Changing item's hierarchy while reading isn't supported");
    EXPECT_EQ(refusal("SELECT VALUE a FROM tab"),
              "Select projection doesn't support value or pivot keywords");
    EXPECT_EQ(refusal("SELECT DISTINCT a FROM tab"), "Unsupported token in expression: DISTINCT");
    EXPECT_EQ(refusal("SELECT a FROM tab GROUP BY a"), "Unsupported clause: GROUP BY");
    EXPECT_EQ(refusal("SELECT a FROM tab HAVING a = 1"), "Unsupported clause: HAVING at 1:28:1");
    EXPECT_EQ(refusal("SELECT a FROM tab LIMIT 1"), "Unsupported clause: LIMIT at 1:25:1");
}

TEST_F(PartiqlStatementTest, OrdersByNames) {
    PartiqlStatement statement =
        parse(R"(SELECT * FROM tab WHERE pk = 'a' ORDER BY pk, "sk" DESC, x ASC)");
    ASSERT_EQ(statement.order.size(), 3u);
    EXPECT_EQ(statement.order[1].attribute, "sk");
    EXPECT_TRUE(statement.order[1].is_descending);
    EXPECT_FALSE(statement.order[0].is_descending);
    EXPECT_FALSE(statement.order[2].is_descending);
    EXPECT_EQ(refusal("SELECT * FROM tab ORDER BY sk"),
              "Must have WHERE clause in the statement when using ORDER BY clause.");
    EXPECT_EQ(refusal("SELECT * FROM tab WHERE a = 1 ORDER BY a.b"),
              "Argument to ORDER BY must be of type VariableReference. Type: PATH");
    EXPECT_EQ(refusal("SELECT * FROM tab WHERE a = 1 ORDER BY 1"),
              "Argument to ORDER BY must be of type VariableReference. Type: 1");
}

TEST_F(PartiqlStatementTest, InsertsLiteralsAndParameters) {
    PartiqlStatement statement = parse("INSERT INTO tab VALUE {'pk': 'a'}");
    EXPECT_EQ(statement.kind, Kind::insert);
    EXPECT_EQ(statement.table, "tab");
    EXPECT_EQ(
        inserted("{'pk':'i','s':'it''s','n':1.50,'b':true,'z':null,'l':[1,['a',{}]],'m':{'q':-1},"
                 "'ss':<<'a','b'>>,'p':?}",
                 R"([{"M":{"x":{"B":"YQ=="}}}])"),
        R"({"pk":{"S":"i"},"s":{"S":"it's"},"n":{"N":"1.5"},"b":{"BOOL":true},"z":{"NULL":true},"l":{"L":[{"N":"1"},{"L":[{"S":"a"},{"M":{}}]}]},"m":{"M":{"q":{"N":"-1"}}},"ss":{"SS":["a","b"]},"p":{"M":{"x":{"B":"YQ=="}}}})");
    EXPECT_EQ(inserted("{}"), "{}");
}

TEST_F(PartiqlStatementTest, RefusesOtherInserts) {
    const std::string no_item =
        "Unsupported format in item expression. Please use struct format {...} to express item "
        "values for insert statement. at 1:23:";
    EXPECT_EQ(insert_refusal("?", R"([{"M":{}}])"), no_item + "1");
    EXPECT_EQ(insert_refusal("'a'"), no_item + "3");
    EXPECT_EQ(insert_refusal("[1]"), no_item + "1");
    EXPECT_EQ(insert_refusal("{'pk': ?}"),
              "Number of parameters in request and statement don't match.");
    EXPECT_EQ(insert_refusal("{?: 'a'}", R"([{"S":"pk"}])"),
              "Tuple keys must be of type String. Actual type: Parameter under root at 1:24:1");
    EXPECT_EQ(insert_refusal("{'a':1,'a':2}"),
              "Duplicate keys in tuple. Key: a under root at 1:30:3");
    EXPECT_EQ(insert_refusal("{'a':{'b':{'c':1,'c':2}}}"),
              "Duplicate keys in tuple. Key: c under root.b at 1:33:1");
    EXPECT_EQ(insert_refusal("{'':1}"), "Path component cannot be an empty string");
    EXPECT_EQ(insert_refusal("{'a':size('b')}"),
              "Unsupported data type: size under key root at 1:28:4");
    EXPECT_EQ(insert_refusal("{'a':1+1}"), "Unsupported data type: + under key root at 1:29:1");
    EXPECT_EQ(insert_refusal("{'a':b}"), "Unsupported data type: b under key root at 1:28:1");
    EXPECT_EQ(insert_refusal("{'a':MISSING}"),
              "Unsupported data type: MISSING under key root at 1:28:7");
    EXPECT_EQ(insert_refusal("{'a':[?]}", R"([{"S":"x"}])"),
              "Unsupported data type: Parameter under key root.0 at 1:29:1");
    EXPECT_EQ(insert_refusal("{'a':1} RETURNING ALL OLD *"),
              "RETURNING is not supported in INSERT");
}

TEST_F(PartiqlStatementTest, UpdatesBySetAndRemove) {
    EXPECT_EQ(
        updated("SET a = 1, b = ? REMOVE c SET d = 'x'", R"({"c":{"N":"1"}})", R"([{"L":[]}])"),
        R"({"a":{"N":"1"},"b":{"L":[]},"d":{"S":"x"}})");
    EXPECT_EQ(updated("REMOVE a REMOVE m.l[0]",
                      R"({"a":{"N":"1"},"m":{"M":{"l":{"L":[{"N":"1"},{"N":"2"}]}}}})"),
              R"({"m":{"M":{"l":{"L":[{"N":"2"}]}}}})");
    EXPECT_EQ(
        updated(R"(SET m.l[1]."c d" = 'k' SET m['x'] = 1 SET "a.b" = 2)",
                R"({"m":{"M":{"l":{"L":[{"N":"1"},{"M":{}}]}}}})"),
        R"({"m":{"M":{"l":{"L":[{"N":"1"},{"M":{"c d":{"S":"k"}}}]},"x":{"N":"1"}}},"a.b":{"N":"2"}})");
    EXPECT_EQ(updated("SET a = b SET b = a", R"({"a":{"N":"1"},"b":{"N":"2"}})"),
              R"({"a":{"N":"2"},"b":{"N":"1"}})");
    const PartiqlStatement statement = parse("UPDATE tab SET m.a = 1 REMOVE b WHERE pk = 'a'");
    EXPECT_EQ(statement.kind, Kind::update);
    EXPECT_EQ(statement.update.attributes_written(), (std::vector<std::string>{"b", "m"}));
    EXPECT_EQ(to_string(statement.update.paths_written().front()), "m.a");
}

TEST_F(PartiqlStatementTest, CalculatesFromLeftToRight) {
    EXPECT_EQ(updated("SET n = n - 1 - 1", R"({"n":{"N":"5"}})"), R"({"n":{"N":"3"}})");
    EXPECT_EQ(updated("SET n = 1 - (2 - 3)", "{}"), R"({"n":{"N":"2"}})");
    EXPECT_EQ(updated("SET n = m.x + ?", R"({"m":{"M":{"x":{"N":"0.1"}}}})", R"([{"N":"0.2"}])"),
              R"({"m":{"M":{"x":{"N":"0.1"}}},"n":{"N":"0.3"}})");
    EXPECT_EQ(updated("SET n = 1 -1", "{}"), R"({"n":{"N":"0"}})");
    EXPECT_EQ(updated("SET n = 1 - -1", "{}"), R"({"n":{"N":"2"}})");
}

TEST_F(PartiqlStatementTest, AppendsToListsAndChangesSets) {
    EXPECT_EQ(updated("SET l = LIST_APPEND(l, [2])", R"({"l":{"L":[{"N":"1"}]}})"),
              R"({"l":{"L":[{"N":"1"},{"N":"2"}]}})");
    EXPECT_EQ(
        updated("SET l = list_append(if_not_exists(l, []), ?)", "{}", R"([{"L":[{"N":"1"}]}])"),
        R"({"l":{"L":[{"N":"1"}]}})");
    EXPECT_EQ(updated("SET l = list_append(list_append(l, [2]), [3])", R"({"l":{"L":[]}})"),
              R"({"l":{"L":[{"N":"2"},{"N":"3"}]}})");
    EXPECT_EQ(updated("SET n = if_not_exists(n, 5)", "{}"), R"({"n":{"N":"5"}})");
    EXPECT_EQ(updated("SET s = set_add(s, <<'b'>>)", R"({"s":{"SS":["a"]}})"),
              R"({"s":{"SS":["a","b"]}})");
    EXPECT_EQ(updated("SET m.s = SET_ADD(m.s, ?)", R"({"m":{"M":{}}})", R"([{"NS":["1"]}])"),
              R"({"m":{"M":{"s":{"NS":["1"]}}}})");
    EXPECT_EQ(updated("SET s = set_delete(s, <<'a'>>)", R"({"s":{"SS":["a"]}})"), "{}");
}

TEST_F(PartiqlStatementTest, RefusesOtherUpdates) {
    EXPECT_EQ(update_refusal("SET s = set_add(o, <<1>>)"),
              "The first argument to SET_ADD must equal the assignment value");
    EXPECT_EQ(update_refusal("SET s = set_delete(s, [1])"),
              "The second argument to SET_DELETE must be a value with type SET at 1:31:1");
    EXPECT_EQ(update_refusal("SET s = set_add(s)"),
              "SET_ADD must have exactly two arguments at 1:20:7");
    EXPECT_EQ(update_refusal("SET s = set_add(s, <<1>>) + 1"), "Unrecognized function: set_add");
    EXPECT_EQ(update_refusal("SET a = foo(a)"), "Unrecognized function: foo");
    EXPECT_EQ(update_refusal("SET a = size(b)"),
              "The function is not allowed in an update expression; function: size");
    EXPECT_EQ(update_refusal("SET a = a * 2"),
              "Unsupported operator in Update Expression. Operator: *");
    EXPECT_EQ(update_refusal("SET a = 'x' || 'y'"),
              "Unsupported operator in Update Expression. Operator: ||");
    EXPECT_EQ(update_refusal("SET a = b IS MISSING"),
              "IS operator is not supported in update expressions");
    EXPECT_EQ(update_refusal("SET a = -b"),
              "Incorrect number of operands for operator or function; operator or function: -, "
              "number of operands: 1");
    EXPECT_EQ(update_refusal("SET a = 1 + 'x'"),
              "Incorrect operand type for operator or function; operator or function: +, operand "
              "type: S");
    EXPECT_EQ(update_refusal("SET l = list_append(l, 2)"),
              "Incorrect operand type for operator or function; operator or function: list_append, "
              "operand type: N");
    EXPECT_EQ(update_refusal("SET a = if_not_exists('x', 1)"),
              "Operator or function requires a document path; operator or function: "
              "if_not_exists");
    EXPECT_EQ(update_refusal("SET a = if_not_exists(a, a)"),
              "The first operand must be distinct from the remaining operands for this operator or "
              "function; operator: if_not_exists, first operand: [a]");
    EXPECT_EQ(update_refusal("SET a = MISSING"), "MISSING must be compared using IS operator");
    EXPECT_EQ(update_refusal("SET m = {} SET m.b = 2"),
              "Two document paths overlap with each other; must remove or rewrite one of these "
              "paths; path one: [m, b], path two: [m]");
    EXPECT_EQ(update_refusal("SET m.b = 1 SET m[0] = 2"),
              "Two document paths conflict with each other; must remove or rewrite one of these "
              "paths; path one: [m, [0]], path two: [m, b]");
    std::string many = "SET a0 = n + 1";
    for (int i = 1; i < 301; ++i) {
        many += " SET a" + std::to_string(i) + " = n + 1";
    }
    EXPECT_EQ(update_refusal(many),
              "The expression contains too many operators; operator count: 301");
}

TEST_F(PartiqlStatementTest, DeletesAndReturns) {
    PartiqlStatement statement = parse("DELETE FROM tab WHERE pk = 'a' RETURNING ALL OLD *");
    EXPECT_EQ(statement.kind, Kind::remove);
    EXPECT_EQ(statement.returning, PartiqlReturning::all_old);
    EXPECT_EQ(parse("DELETE FROM tab WHERE pk = 'a'").returning, PartiqlReturning::none);
    const auto update = [&](const char* returning) {
        return parse("UPDATE tab SET a = 1 WHERE pk = 'a' RETURNING " + std::string(returning))
            .returning;
    };
    EXPECT_EQ(update("ALL OLD *"), PartiqlReturning::all_old);
    EXPECT_EQ(update("all new *"), PartiqlReturning::all_new);
    EXPECT_EQ(update("MODIFIED OLD *"), PartiqlReturning::modified_old);
    EXPECT_EQ(update("MODIFIED NEW *"), PartiqlReturning::modified_new);
    for (const char* other : {"ALL NEW", "MODIFIED OLD", "MODIFIED NEW"}) {
        EXPECT_EQ(refusal("DELETE FROM tab RETURNING " + std::string(other) + " *"),
                  "Invalid returning clause: RETURNING " + std::string(other) +
                      " *. Only RETURNING ALL OLD * is allowed in DELETE statements.");
    }
    EXPECT_EQ(refusal("DELETE FROM tab RETURNING ALL OLD a"),
              "Expected '*' after ( MODIFIED | ALL ) ( NEW | OLD ) in RETURNING clause");
    EXPECT_EQ(refusal("UPDATE tab SET a = 1 RETURNING ALL OLD *, ALL NEW *"),
              "Invalid syntax with multiple returning elements in RETURNING clause");
}

TEST_F(PartiqlStatementTest, ReadsExists) {
    PartiqlStatement statement = parse("EXISTS (SELECT * FROM tab WHERE pk = 'a' AND b = 1)");
    EXPECT_EQ(statement.kind, Kind::exists);
    EXPECT_EQ(statement.table, "tab");
    EXPECT_EQ(statement.condition.to_string(), R"(and(eq(pk, {"S":"a"}), eq(b, {"N":"1"})))");
}

TEST_F(PartiqlStatementTest, RefusesWhatIsNoStatement) {
    for (const char* text : {"FOO", "CREATE TABLE x", "(SELECT * FROM tab)", "'a'", "1"}) {
        EXPECT_EQ(refusal(text), malformed("Expected data manipulation"));
    }
    for (const char* text : {"",
                             "  ",
                             "-- c",
                             "SELECT",
                             "SELECT *",
                             "SELECT * FROM",
                             "SELECT *, a FROM tab",
                             "SELECT a, FROM tab",
                             "SELECT * FROM tab WHERE",
                             "SELECT * FROM tab; ;",
                             "SELECT * FROM tab; SELECT * FROM tab",
                             "SELECT * FROM tab WHERE a = 1 ORDER BY",
                             "SELECT * FROM tab ORDER a",
                             "SELECT * FROM tab WHERE a = 1 OFFSET 1",
                             "SELECT * FROM tab WHERE a = 1 RETURNING ALL OLD *",
                             "UPDATE",
                             "UPDATE tab",
                             "UPDATE tab WHERE a = 1",
                             "UPDATE tab SET a",
                             "UPDATE tab SET a =",
                             "UPDATE tab REMOVE a, b WHERE pk = 'a'",
                             "UPDATE tab SET a = 1,",
                             "UPDATE tab SET a = 1, SET b = 2",
                             "UPDATE tab SET 'a' = 1",
                             "UPDATE tab SET a[1+1] = 1",
                             "UPDATE tab SET a.* = 1",
                             "UPDATE tab ADD a 1",
                             "UPDATE 'tab' SET a = 1",
                             "UPDATE tab SET a = 1 RETURNING ALL OLD",
                             "UPDATE tab SET a = 1 RETURNING NONE",
                             "UPDATE tab SET a = 1 RETURNING ALL OLD * WHERE a = 1",
                             "UPDATE my-table SET a = 1",
                             "DELETE tab",
                             "DELETE FROM 'tab'",
                             "INSERT tab VALUE {}",
                             "INSERT INTO tab",
                             "INSERT INTO tab VALUES {'a':1}",
                             "INSERT INTO tab VALUE {'a':1,}",
                             "INSERT INTO tab VALUE {'a':1} WHERE a = 1",
                             "INSERT INTO tab (a) VALUES (1)",
                             "EXISTS",
                             "EXISTS()",
                             "EXISTS(1)"}) {
        EXPECT_EQ(refusal(text), malformed(text));
    }
}

TEST_F(PartiqlStatementTest, ErrorsSayWhere) {
    try {
        parse("SELECT * FROM tab WHERE foo(a)");
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.where(), "column 25 of the statement");
    }
}

TEST_F(PartiqlStatementTest, ReadsWhatABackfillWrites) {
    const std::string wire =
        R"([{"N":"1"},{"L":[]},{"S":"k"},{"N":"1.0"},{"S":"old"},{"S":"run"}])";
    const PartiqlStatement update = parse(
        R"(UPDATE "my.table" SET "a"=? SET "it""s a \ name"=? REMOVE "c" WHERE "pk"=? AND "sk"=? AND "x"=? AND "y" IS MISSING AND ("_dm" IS MISSING OR "_dm"<>?))",
        wire);
    EXPECT_EQ(update.table, "my.table");
    EXPECT_EQ(dynamodb::to_wire_json(update.update.apply(item(R"({"c":{"N":"3"}})"), arena)),
              R"({"a":{"N":"1"},"it\"s a \\ name":{"L":[]}})");
    const PartiqlTarget target = partiql_target(update, composite, arena);
    EXPECT_EQ(dynamodb::to_wire_json(target.key), R"({"pk":{"S":"k"},"sk":{"N":"1.0"}})");
    EXPECT_EQ(
        target.condition.to_string(),
        R"(and(eq(x, {"S":"old"}), not_exists(y), or(not_exists(_dm), ne(_dm, {"S":"run"}))))");
    const PartiqlStatement insert =
        parse(R"(INSERT INTO "tab" VALUE {'pk':?,'it''s':?})", R"([{"S":"k"},{"BOOL":true}])");
    EXPECT_EQ(dynamodb::to_wire_json(insert.item), R"({"pk":{"S":"k"},"it's":{"BOOL":true}})");
    const PartiqlStatement remove =
        parse(R"(DELETE FROM "tab" WHERE "pk"=? AND "x"=?)", R"([{"S":"k"},{"NULL":true}])");
    EXPECT_EQ(partiql_target(remove, simple, arena).condition.to_string(),
              R"(eq(x, {"NULL":true}))");
}

}  // namespace
}  // namespace dynamigrate::expressions
