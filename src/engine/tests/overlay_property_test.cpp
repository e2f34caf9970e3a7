#include "overlay_fixture.hpp"

#include <functional>

namespace dynamigrate::engine {
namespace {

using Strings = std::vector<std::string>;

Strings in_any_order(Strings items) {
    std::sort(items.begin(), items.end());
    return items;
}

/// Sorts what is equal in the sort key, whose order is not defined in an index.
Strings with_ties_sorted(Strings items, const std::string& sort_key) {
    auto value = [&](const std::string& item) {
        json::Value tree = json::parse_json(item, "an item");
        return json::to_json(*tree.find(sort_key));
    };
    for (auto begin = items.begin(); begin != items.end();) {
        auto end = std::find_if(begin, items.end(), [&](const std::string& item) {
            return value(item) != value(*begin);
        });
        std::sort(begin, end);
        begin = end;
    }
    return items;
}

/// Random operations on a plain engine and on an overlay over a copy of it.
class OverlayAgainstEngine : public OverlayFixture {
protected:
    OverlayAgainstEngine() { answer(*plain, "CreateTable", kCreateTable); }

    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(chance.below(limit)); }
    bool coin() { return below(2) == 0; }
    std::string pick(const Strings& words) { return words[below(words.size())]; }

    std::string random_key() {
        return R"("pk":{"S":")" + pick({"a", "b", "c"}) + R"("},"sk":{"N":")" +
               std::to_string(below(8)) + R"("})";
    }
    std::string random_parameters() {
        return R"({"S":")" + pick({"a", "b", "c"}) + R"("},{"N":")" + std::to_string(below(8)) +
               R"("})";
    }
    std::string random_item() {
        std::string item = "{" + random_key();
        if (below(4) != 0) {
            item += R"(,"g":{"S":")" + pick({"x", "y"}) + R"("})";
        }
        if (below(4) != 0) {
            item += R"(,"n":{"N":")" + std::to_string(below(3)) + R"("})";
        }
        if (coin()) {
            item += R"(,"v":{"S":")" + pick({"one", "two"}) + R"("})";
        }
        return item + "}";
    }

    void seed_both() {
        for (int i = 0; i < 20; ++i) {
            std::string body = R"({"TableName":"items","Item":)" + random_item() + "}";
            answer(*base, "PutItem", body);
            answer(*plain, "PutItem", body);
        }
        seeded = in_any_order(all_pages(*base, "Scan", ""));
    }

    void same_answers(std::string_view operation, const std::string& body) {
        EXPECT_EQ(normal(answer(*overlay, operation, body)),
                  normal(answer(*plain, operation, body)))
            << operation << " " << body;
    }
    using Order = std::function<Strings(Strings)>;
    void same_pages(std::string_view operation, const std::string& members, const Order& order) {
        EXPECT_EQ(order(all_pages(*overlay, operation, members)),
                  order(all_pages(*plain, operation, members)))
            << operation << " " << members;
    }

    void write() {
        const std::string old = R"(,"ReturnValues":"ALL_OLD","ReturnConsumedCapacity":"INDEXES")";
        const std::string unless_two = R"(,"ConditionExpression":"NOT v = :two",)"
                                       R"("ExpressionAttributeValues":{":two":{"S":"two"}})";
        switch (below(8)) {
            case 6:
                return same_answers("TransactWriteItems",
                                    R"({"TransactItems":[{"Put":{"TableName":"items","Item":)" +
                                        random_item() +
                                        R"~(,"ConditionExpression":"attribute_not_exists(v)"}},)~"
                                        R"({"Delete":{"TableName":"items","Key":{)" +
                                        random_key() + "}}}]}");
            case 7:
                return same_answers(
                    "BatchExecuteStatement",
                    R"({"Statements":[{"Statement":)"
                    R"("UPDATE items SET v=? SET g=? WHERE pk=? AND sk=?",)"
                    R"("Parameters":[{"S":"three"},{"S":"x"},)" +
                        random_parameters() +
                        R"(]},{"Statement":"DELETE FROM items WHERE pk=? AND sk=?",)"
                        R"("Parameters":[)" +
                        random_parameters() + "]}]}");
            case 0:
                return same_answers("PutItem", R"({"TableName":"items","Item":)" + random_item() +
                                                   old + (coin() ? unless_two : "") + "}");
            case 1:
                return same_answers("DeleteItem", R"({"TableName":"items","Key":{)" + random_key() +
                                                      "}" + old + (coin() ? unless_two : "") + "}");
            case 2:
                return same_answers("UpdateItem",
                                    R"({"TableName":"items","Key":{)" + random_key() +
                                        R"(},"ReturnValues":"ALL_NEW","UpdateExpression":)"
                                        R"("SET g = :g ADD n :o REMOVE v",)"
                                        R"("ExpressionAttributeValues":{":g":{"S":")" +
                                        pick({"x", "y"}) + R"("},":o":{"N":"1"}}})");
            case 3:
                return same_answers("UpdateItem", R"({"TableName":"items","Key":{)" + random_key() +
                                                      R"(},"UpdateExpression":"REMOVE g"})");
            default:
                return same_answers("BatchWriteItem",
                                    R"({"RequestItems":{"items":[{"PutRequest":{"Item":)" +
                                        random_item() + "}}]}}");
        }
    }

    void read() {
        const std::string limit = coin() ? "" : ",\"Limit\":" + std::to_string(1 + below(4));
        const std::string consistent = coin() ? "" : R"(,"ConsistentRead":true)";
        const std::string backward = coin() ? "" : R"(,"ScanIndexForward":false)";
        const std::string filter = R"~(,"FilterExpression":"attribute_exists(v)")~";
        const std::string partition = R"(":p":{"S":")" + pick({"a", "b", "c"}) + R"("})";
        const std::string group = R"(":g":{"S":")" + pick({"x", "y"}) + R"("})";
        const std::string number = R"(,":n":{"N":")" + std::to_string(below(4)) + R"("})";
        auto as_is = [](Strings items) { return items; };
        auto tied = [](Strings items) { return with_ties_sorted(std::move(items), "n"); };
        switch (below(8)) {
            case 0:
                return same_answers("GetItem", R"({"TableName":"items","Key":{)" + random_key() +
                                                   "}" + consistent + "}");
            case 1:
                return same_pages("Scan", limit + consistent + (coin() ? filter : ""),
                                  in_any_order);
            case 2:
                return same_pages("Scan", limit + R"(,"IndexName":"by_g_n")", in_any_order);
            case 3:
                return same_pages("Query",
                                  limit + consistent + backward +
                                      R"(,"KeyConditionExpression":"pk = :p",)"
                                      R"("ExpressionAttributeValues":{)" +
                                      partition + "}",
                                  as_is);
            case 4:
                return same_pages(
                    "Query",
                    limit + backward + R"(,"KeyConditionExpression":"pk = :p AND sk )" +
                        pick({">=", "<", "<=", ">"}) + R"( :n","ExpressionAttributeValues":{)" +
                        partition + number + "}",
                    as_is);
            case 5:
                return same_pages("Query",
                                  limit + backward + R"(,"IndexName":"by_g",)" +
                                      R"("KeyConditionExpression":"g = :g",)"
                                      R"("ExpressionAttributeValues":{)" +
                                      group + "}",
                                  in_any_order);
            case 6:
                return same_pages(
                    "Query",
                    limit + backward + R"(,"IndexName":"by_g_n",)" +
                        R"("KeyConditionExpression":"g = :g AND n )" + pick({">=", "<", "=", ">"}) +
                        R"( :n","ExpressionAttributeValues":{)" + group + number + "}",
                    tied);
            default:
                return same_pages("Query",
                                  limit + backward + R"(,"IndexName":"by_n",)" +
                                      R"("KeyConditionExpression":"pk = :p",)"
                                      R"("ExpressionAttributeValues":{)" +
                                      partition + "}",
                                  tied);
        }
    }

    base::SeededRandom chance{7};
    std::unique_ptr<Engine> plain =
        Engine::in_memory({.clock = &clock, .random = &random, .sweeps = false});
    Strings seeded;
};

TEST_F(OverlayAgainstEngine, AnswersAsAPlainEngineAndLeavesTheBaseAlone) {
    seed_both();
    for (int i = 0; i < 250 && !HasFailure(); ++i) {
        coin() ? write() : read();
    }
    EXPECT_EQ(in_any_order(all_pages(*base, "Scan", "")), seeded);
}

}  // namespace
}  // namespace dynamigrate::engine
