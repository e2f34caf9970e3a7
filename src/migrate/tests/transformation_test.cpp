#include "../transformation.hpp"
#include "../item_functions.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/json5.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace dynamigrate::migrate {
namespace {

using backfill::TransformOutput;

/// {set: {...}, rename: {...}, default: {...}, remove: [...]} as a file would have it.
Transformation transformation(const std::string& text) {
    json::Value tree = json::parse_json5(text, "m.json5");
    Transformation result;
    result.file = "m.json5";
    if (const json::Value* set = tree.find("set")) {
        for (const auto& member : set->members()) {
            result.set.emplace_back(member.key, member.value);
        }
    }
    if (const json::Value* rename = tree.find("rename")) {
        for (const auto& member : rename->members()) {
            result.rename.emplace_back(member.key, member.value.text());
        }
    }
    if (const json::Value* defaults = tree.find("default")) {
        for (const auto& member : defaults->members()) {
            result.defaults.emplace_back(member.key, member.value);
        }
    }
    if (const json::Value* remove = tree.find("remove")) {
        for (const auto& element : remove->elements()) {
            result.remove.push_back(element.text());
        }
    }
    return result;
}

class TransformationTest : public testing::Test {
protected:
    /// The plain JSON of what the item becomes, or "unchanged".
    std::string apply(const std::string& text, const std::string& item_json) {
        transform_ = std::make_unique<CompiledTransformation>(transformation(text),
                                                              RunValues{"run-1", "now"}, key_);
        before_ = dynamodb::item_from_plain(json::parse_json5(item_json, "item"), "item", arena_);
        out_.clear();
        transform_->apply(before_, arena_, out_);
        check_that_its_attributes_suffice();
        if (out_.kind() == TransformOutput::Kind::unchanged) {
            return "unchanged";
        }
        return json::to_json(dynamodb::to_plain(out_.after()));
    }
    /// The same must come of the item in which only the declared attributes are.
    void check_that_its_attributes_suffice() {
        TransformOutput out;
        transform_->apply(in_part(before_), arena_, out);
        EXPECT_EQ(out.kind(), out_.kind());
        EXPECT_EQ(out.read(), out_.read());
        if (out_.kind() == TransformOutput::Kind::changed) {
            EXPECT_EQ(json::to_json(dynamodb::to_plain(out.after())),
                      json::to_json(dynamodb::to_plain(in_part(out_.after()))));
        }
    }
    dynamodb::Item in_part(const dynamodb::Item& item) {
        std::vector<std::string> names = transform_->attributes().value();
        names.push_back(key_.hash.name);
        dynamodb::Item part = item;
        for (const dynamodb::Attribute& attribute : item) {
            if (std::find(names.begin(), names.end(), attribute.name) == names.end()) {
                part = part.without(arena_, attribute.name);
            }
        }
        return part;
    }
    std::vector<std::string> read() const {
        std::vector<std::string> names(out_.read().begin(), out_.read().end());
        std::sort(names.begin(), names.end());
        return names;
    }
    std::string error_of(const std::string& text, const std::string& item = "{id: '7'}") {
        try {
            apply(text, item);
        } catch (const base::Error& error) {
            return error.what();
        }
        return "no error";
    }

    using Names = std::vector<std::string>;
    base::Arena arena_;
    dynamodb::KeySchema key_{{"id", dynamodb::AttributeType::string}, std::nullopt};
    dynamodb::Item before_;
    TransformOutput out_;
    std::unique_ptr<CompiledTransformation> transform_;
};

TEST_F(TransformationTest, SetsConstantsAndTemplates) {
    EXPECT_EQ(apply("{set: {migrated: 'yes', emailLower: '${email | lower}'}}",
                    "{id: '7', email: 'A@B.C'}"),
              R"({"id":"7","email":"A@B.C","migrated":"yes","emailLower":"a@b.c"})");
    EXPECT_EQ(read(), (Names{"email"}));
}

TEST_F(TransformationTest, FillsTemplatesInsideListsAndMaps) {
    EXPECT_EQ(
        apply("{set: {who: {name: '${name}', all: [1, '${id}', null]}}}", "{id: '7', name: 'Ann'}"),
        R"({"id":"7","name":"Ann","who":{"name":"Ann","all":[1,"7",null]}})");
    EXPECT_EQ(read(), (Names{"id", "name"}));
}

TEST_F(TransformationTest, LetsTemplatesSeeTheItemAsRead) {
    EXPECT_EQ(apply("{rename: {full: 'name'}, set: {old: '${full}', full: 'new'}, remove: ['x']}",
                    "{id: '7', full: 'Ann', x: 1}"),
              R"({"id":"7","name":"Ann","old":"Ann","full":"new"})");
}

TEST_F(TransformationTest, RenamesAndReadsSourceAndTarget) {
    EXPECT_EQ(apply("{rename: {a: 'b'}}", "{id: '7', a: 1}"), R"({"id":"7","b":1})");
    EXPECT_EQ(read(), (Names{"a", "b"}));
    EXPECT_EQ(apply("{rename: {a: 'b'}}", "{id: '7', b: 1}"), "unchanged");
    EXPECT_EQ(read(), (Names{"a"}));
}

TEST_F(TransformationTest, QuarantinesWhenBothNamesAreThere) {
    EXPECT_EQ(error_of("{rename: {a: 'b'}}", "{id: '7', a: 1, b: 2}"),
              "rename a to b: the item has both");
}

TEST_F(TransformationTest, DefaultsOnlyWhatIsAbsentAndReadsNoMoreThanNeeded) {
    EXPECT_EQ(apply("{default: {locale: '${lang}'}}", "{id: '7', locale: 'de'}"), "unchanged");
    EXPECT_EQ(read(), (Names{"locale"}));
    EXPECT_EQ(apply("{default: {locale: '${lang}'}}", "{id: '7', lang: 'en'}"),
              R"({"id":"7","lang":"en","locale":"en"})");
    EXPECT_EQ(read(), (Names{"lang", "locale"}));
}

TEST_F(TransformationTest, RemovesWhatIsThere) {
    EXPECT_EQ(apply("{remove: ['a', 'b']}", "{id: '7', a: 1}"), R"({"id":"7"})");
    EXPECT_EQ(apply("{remove: ['a', 'b']}", "{id: '7'}"), "unchanged");
}

TEST_F(TransformationTest, KnowsWhetherTheKeyCanChange) {
    apply("{set: {x: 1}}", "{id: '7'}");
    EXPECT_FALSE(transform_->may_change_key());
    EXPECT_EQ(apply("{set: {id: 'USER#${id}'}}", "{id: '7'}"), R"({"id":"USER#7"})");
    EXPECT_TRUE(transform_->may_change_key());
    EXPECT_NE(error_of("{remove: ['id']}").find("table's key"), std::string::npos);
}

TEST_F(TransformationTest, NamesWhatFailedAndWhere) {
    EXPECT_NE(error_of("{set: {a: '${gone}'}}").find("set a: ${gone}: attribute gone is missing"),
              std::string::npos);
    EXPECT_NE(error_of("{set: {\n  a: '${x | nope}'}}").find("m.json5:2:6"), std::string::npos);
    EXPECT_NE(error_of("{set: {a: 1}, remove: ['a']}").find("only one of them"), std::string::npos);
    EXPECT_NE(error_of("{rename: {a: 'a'}}").find("two different names"), std::string::npos);
    EXPECT_NE(error_of("{set: {a: {$dynamodb: {S: '${x}'}}}}").find("no templates inside"),
              std::string::npos);
}

TEST(UpdateTransform, NamesWhatItReadsAndWrites) {
    base::Arena arena;
    dynamodb::ExpressionText text;
    text.text = "SET a.b = c, d = if_not_exists(e, c) REMOVE f ADD #g :one";
    text.names = {{"#g", "g"}};
    text.values = dynamodb::parse_item(R"({":one":{"N":"1"}})", arena);

    const UpdateTransform update(expressions::UpdateExpression::parse(text));

    EXPECT_EQ(update.attributes(), (std::vector<std::string>{"a", "c", "d", "e", "f", "g"}));
}

}  // namespace
}  // namespace dynamigrate::migrate
