#include <dynamigrate/dynamodb/attribute_value.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace dynamigrate::dynamodb {
namespace {

using Values = std::vector<AttributeValue>;
using Attributes = std::vector<Attribute>;

AttributeValue s(std::string_view text) { return AttributeValue::string(text); }
AttributeValue n(std::string_view text) { return AttributeValue::number(text); }

TEST(AttributeValue, IsSixteenBytes) { EXPECT_EQ(sizeof(AttributeValue), 16U); }

TEST(AttributeValue, IsNullByDefault) {
    EXPECT_TRUE(AttributeValue().is(AttributeType::null));
    EXPECT_EQ(AttributeValue(), AttributeValue::null());
}

TEST(AttributeValue, NamesItsTypesAsOnTheWire) {
    EXPECT_EQ(to_string(AttributeType::string), "S");
    EXPECT_EQ(to_string(AttributeType::number), "N");
    EXPECT_EQ(to_string(AttributeType::binary), "B");
    EXPECT_EQ(to_string(AttributeType::boolean), "BOOL");
    EXPECT_EQ(to_string(AttributeType::null), "NULL");
    EXPECT_EQ(to_string(AttributeType::string_set), "SS");
    EXPECT_EQ(to_string(AttributeType::number_set), "NS");
    EXPECT_EQ(to_string(AttributeType::binary_set), "BS");
    EXPECT_EQ(to_string(AttributeType::list), "L");
    EXPECT_EQ(to_string(AttributeType::map), "M");
}

TEST(AttributeValue, ComparesNumbersByValue) {
    EXPECT_EQ(n("1"), n("1.0"));
    EXPECT_EQ(n("1e3"), n("+1000"));
    EXPECT_NE(n("1"), n("2"));
}

TEST(AttributeValue, TellsTypesApart) {
    EXPECT_NE(s("1"), n("1"));
    EXPECT_NE(s("a"), AttributeValue::binary("a"));
    EXPECT_NE(AttributeValue::boolean(false), AttributeValue::null());
    EXPECT_NE(AttributeValue::boolean(false), AttributeValue::boolean(true));
    Values elements{s("a")};
    EXPECT_NE(AttributeValue::list(elements), AttributeValue::string_set(elements));
}

TEST(AttributeValue, ComparesSetsRegardlessOfOrder) {
    Values a{s("x"), s("y"), s("z")};
    Values b{s("z"), s("x"), s("y")};
    Values c{s("z"), s("x"), s("w")};
    EXPECT_EQ(AttributeValue::string_set(a), AttributeValue::string_set(b));
    EXPECT_NE(AttributeValue::string_set(a), AttributeValue::string_set(c));
    Values shorter{s("x"), s("y")};
    EXPECT_NE(AttributeValue::string_set(a), AttributeValue::string_set(shorter));
}

TEST(AttributeValue, ComparesNumberSetsByValue) {
    Values a{n("1"), n("20"), n("0.5")};
    Values b{n("5e-1"), n("1.0"), n("2e1")};
    EXPECT_EQ(AttributeValue::number_set(a), AttributeValue::number_set(b));
}

TEST(AttributeValue, ComparesLargeSetsRegardlessOfOrder) {
    std::vector<std::string> texts;
    for (int i = 0; i < 500; ++i) {
        texts.push_back(std::to_string(i));
    }
    Values a;
    for (const std::string& text : texts) {
        a.push_back(n(text));
    }
    Values b(a.rbegin(), a.rend());
    EXPECT_EQ(AttributeValue::number_set(a), AttributeValue::number_set(b));
    b[7] = n("1000");
    EXPECT_NE(AttributeValue::number_set(a), AttributeValue::number_set(b));
}

TEST(AttributeValue, ComparesListsInOrder) {
    Values a{s("x"), s("y")};
    Values b{s("y"), s("x")};
    EXPECT_EQ(AttributeValue::list(a), AttributeValue::list(Values{a}));
    EXPECT_NE(AttributeValue::list(a), AttributeValue::list(b));
}

TEST(AttributeValue, ComparesMapsRegardlessOfOrder) {
    Attributes a{{"x", n("1")}, {"y", n("2")}};
    Attributes b{{"y", n("2.0")}, {"x", n("1")}};
    Attributes c{{"y", n("2")}, {"z", n("1")}};
    EXPECT_EQ(AttributeValue::map(a), AttributeValue::map(b));
    EXPECT_NE(AttributeValue::map(a), AttributeValue::map(c));
}

TEST(AttributeValue, ComparesLargeMapsRegardlessOfOrder) {
    std::vector<std::string> names;
    for (int i = 0; i < 300; ++i) {
        names.push_back("name" + std::to_string(i));
    }
    Attributes a;
    for (const std::string& name : names) {
        a.push_back({name, s(name)});
    }
    Attributes b(a.rbegin(), a.rend());
    EXPECT_EQ(Item(a), Item(b));
    b[3].value = s("other");
    EXPECT_NE(Item(a), Item(b));
}

TEST(AttributeValue, FindsInMapsOnly) {
    Attributes attributes{{"x", n("1")}};
    EXPECT_EQ(*AttributeValue::map(attributes).find("x"), n("1"));
    EXPECT_EQ(AttributeValue::map(attributes).find("y"), nullptr);
    EXPECT_EQ(s("x").find("x"), nullptr);
}

TEST(AttributeValue, CloneIsWhollyOwnedByTheArena) {
    base::Arena arena;
    AttributeValue copy;
    {
        std::string text = "a text that is not small enough for the string itself";
        std::string name = "a name that is not small enough for the string itself";
        Values elements{s(text), AttributeValue::boolean(true)};
        Attributes attributes{{name, AttributeValue::list(elements)}};
        copy = AttributeValue::map(attributes).clone(arena);
        std::fill(text.begin(), text.end(), '#');
        std::fill(name.begin(), name.end(), '#');
        elements.assign(2, AttributeValue());
        attributes.clear();
    }
    const AttributeValue* list = copy.find("a name that is not small enough for the string itself");
    ASSERT_NE(list, nullptr);
    EXPECT_EQ(list->elements()[0].text(), "a text that is not small enough for the string itself");
    EXPECT_TRUE(list->elements()[1].as_boolean());
}

TEST(Item, GivesTextOfStringsAndNumbers) {
    Attributes attributes{{"s", s("text")}, {"n", n("7")}, {"b", AttributeValue::boolean(true)}};
    Item item(attributes);
    EXPECT_EQ(item.text("s"), "text");
    EXPECT_EQ(item.text("n"), "7");
    EXPECT_EQ(item.text("b"), "");
    EXPECT_EQ(item.text("absent"), "");
}

TEST(Item, IsCopiedWithAndWithoutAnAttribute) {
    base::Arena arena;
    Attributes attributes{{"a", n("1")}, {"b", n("2")}};
    Item item(attributes);
    Item replaced = item.with(arena, "a", n("3"));
    EXPECT_EQ(replaced.text("a"), "3");
    EXPECT_EQ(replaced.size(), 2U);
    Item added = item.with(arena, "c", n("3"));
    EXPECT_EQ(added.size(), 3U);
    EXPECT_EQ(added.text("c"), "3");
    Item removed = item.without(arena, "a");
    EXPECT_EQ(removed.size(), 1U);
    EXPECT_EQ(removed.find("a"), nullptr);
    EXPECT_EQ(item.without(arena, "absent"), item);
    EXPECT_EQ(item.text("a"), "1");
}

TEST(ItemBuilder, KeepsTheLastValueOfAName) {
    base::Arena arena;
    Item item = ItemBuilder(arena)
                    .string("pk", "a")
                    .number("n", -42)
                    .boolean("f", true)
                    .string("pk", "b")
                    .build();
    EXPECT_EQ(item.size(), 3U);
    EXPECT_EQ(item.text("pk"), "b");
    EXPECT_EQ(item.text("n"), "-42");
    EXPECT_TRUE(item.find("f")->as_boolean());
}

TEST(ItemBuilder, CopiesTexts) {
    base::Arena arena;
    std::string text = "volatile";
    Item item = ItemBuilder(arena).string("a", text).build();
    text = "VOLATILE";
    EXPECT_EQ(item.text("a"), "volatile");
}

TEST(OwnedItem, OutlivesItsSource) {
    OwnedItem owned;
    {
        base::Arena arena;
        owned = OwnedItem(ItemBuilder(arena).string("a", "text").build());
    }
    EXPECT_EQ(owned.item.text("a"), "text");
}

}  // namespace
}  // namespace dynamigrate::dynamodb
