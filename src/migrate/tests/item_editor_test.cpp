#include "../item_functions.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace dynamigrate::migrate {
namespace {

using backfill::TransformOutput;

class ItemEditorTest : public testing::Test {
protected:
    void apply(const ItemFunction& function, FunctionTransform::Declared declared = {}) {
        out_.clear();
        FunctionTransform(function, declared, key_, [](const std::string& name) {
            return "prod-" + name;
        }).apply(item_, arena_, out_);
    }
    std::string after() const { return dynamodb::to_wire_json(out_.after()); }
    std::vector<std::string> read() const { return {out_.read().begin(), out_.read().end()}; }
    std::string error_of(const ItemFunction& function) {
        try {
            apply(function);
        } catch (const base::Error& error) {
            return error.what();
        }
        return "no error";
    }

    using Names = std::vector<std::string>;
    base::Arena arena_;
    dynamodb::KeySchema key_{{"id", dynamodb::AttributeType::string}, std::nullopt};
    dynamodb::Item item_ = dynamodb::parse_item(
        R"({"id":{"S":"7"},"first":{"S":"Ann"},"last":{"S":"Lee"},"n":{"N":"41"},"ok":{"BOOL":true}})",
        arena_);
    TransformOutput out_;
};

TEST_F(ItemEditorTest, RecordsReadsOnceAndChanges) {
    apply([](ItemEditor& item) {
        item.set("name", item.string("first") + " " + item.string("last") + item.string("first"));
        item.remove("first");
        item.remove("last");
    });

    EXPECT_EQ(after(),
              R"({"id":{"S":"7"},"n":{"N":"41"},"ok":{"BOOL":true},"name":{"S":"Ann LeeAnn"}})");
    EXPECT_EQ(read(), (Names{"first", "last"}));
    EXPECT_FALSE(out_.has_read_all());
}

TEST_F(ItemEditorTest, LeavesItemsThatItOnlyReads) {
    apply([](ItemEditor& item) { EXPECT_FALSE(item.has("gone")); });

    EXPECT_EQ(out_.kind(), TransformOutput::Kind::unchanged);
    EXPECT_EQ(read(), (Names{"gone"}));
}

TEST_F(ItemEditorTest, DoesNotCountItsOwnWritesAsReads) {
    apply([](ItemEditor& item) {
        item.set("x", 1);
        EXPECT_EQ(item.integer("x"), 1);
        const auto* pinned = item.find("x");
        item.set("y", std::int64_t{2});
        item.set("z", true);
        EXPECT_EQ(pinned->text(), "1");
        item.remove("x");
        EXPECT_FALSE(item.has("x"));
    });

    EXPECT_TRUE(read().empty());
}

TEST_F(ItemEditorTest, GivesTypedValues) {
    apply([](ItemEditor& item) {
        EXPECT_EQ(item.integer("n"), 41);
        EXPECT_EQ(item.number("n"), "41");
        EXPECT_TRUE(item.boolean("ok"));
        EXPECT_EQ(item.string_or("gone", "x"), "x");
        item.set_number("big", "12345678901234567890123456789012345678");
        EXPECT_EQ(item.item().size(), 5U);
    });

    EXPECT_TRUE(out_.has_read_all());
    EXPECT_EQ(out_.after().text("big"), "12345678901234567890123456789012345678");
}

TEST_F(ItemEditorTest, QuarantinesWrongTypesAndForeignExceptions) {
    EXPECT_EQ(error_of([](ItemEditor& item) { item.string("gone"); }), "attribute gone is missing");
    EXPECT_EQ(error_of([](ItemEditor& item) { item.string("n"); }),
              "attribute n is of type N, not S");
    EXPECT_NE(error_of([](ItemEditor& item) { item.set_number("x", "abc"); }).find("no number"),
              std::string::npos);
    EXPECT_NE(error_of([](ItemEditor&) { throw std::runtime_error("oops"); }).find("oops"),
              std::string::npos);
}

TEST_F(ItemEditorTest, GivesBinariesSetsListsAndMaps) {
    item_ = dynamodb::parse_item(
        R"({"id":{"S":"7"},"b":{"B":"AAE="},"ss":{"SS":["x","y"]},"ns":{"NS":["1","2.50"]},"bs":{"BS":["AA=="]},"l":{"L":[{"N":"1"}]},"m":{"M":{"k":{"S":"v"}}}})",
        arena_);
    apply([](ItemEditor& item) {
        EXPECT_EQ(item.binary("b"), std::string("\0\1", 2));
        EXPECT_EQ(item.string_set("ss"), (Names{"x", "y"}));
        EXPECT_EQ(item.number_set("ns"), (Names{"1", "2.50"}));
        EXPECT_EQ(item.binary_set("bs"), (Names{std::string(1, '\0')}));
        EXPECT_EQ(item.list("l").size(), 1U);
        EXPECT_EQ(item.map("m").text("k"), "v");
    });

    EXPECT_EQ(read(), (Names{"b", "ss", "ns", "bs", "l", "m"}));
    EXPECT_EQ(error_of([](ItemEditor& item) { item.map("l"); }), "attribute l is of type L, not M");
    EXPECT_EQ(error_of([](ItemEditor& item) { item.string_set("ns"); }),
              "attribute ns is of type NS, not SS");
}

TEST_F(ItemEditorTest, WantsKeyChangesAndActionsDeclared) {
    auto change_key = [](ItemEditor& item) { item.set("id", "USER#" + item.string("id")); };
    auto act = [&](ItemEditor& item) { item.delete_item("orders", item.item()); };

    EXPECT_NE(error_of(change_key).find("function_changes_key"), std::string::npos);
    EXPECT_NE(error_of(act).find("function_acts"), std::string::npos);
    apply(change_key, {true, false});
    EXPECT_EQ(out_.after().text("id"), "USER#7");
}

TEST_F(ItemEditorTest, AsksForActionsByPhysicalNames) {
    apply(
        [](ItemEditor& item) {
            dynamodb::ItemBuilder key(item.arena());
            key.string("pk", "k");
            item.put("orders", key.build(), backfill::IfExists::keep);
            item.update("", key.build(), {}, {"old"});
            item.remove_item();
        },
        {false, true});

    ASSERT_EQ(out_.actions().size(), 2U);
    EXPECT_EQ(out_.actions()[0].table, "prod-orders");
    EXPECT_EQ(out_.actions()[0].if_exists, backfill::IfExists::keep);
    EXPECT_EQ(out_.actions()[1].table, "");
    EXPECT_EQ(out_.actions()[1].removed[0], "old");
    EXPECT_EQ(out_.kind(), TransformOutput::Kind::removed);
}

}  // namespace
}  // namespace dynamigrate::migrate
