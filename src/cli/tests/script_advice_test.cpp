#include "../script_advice.hpp"

#include <dynamigrate/base/file.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

TEST(ScriptAdvice, KnowsASimpleRecordScript) {
    EXPECT_EQ(step_instead_of("module.exports = function(record, dyno, callback) {\n"
                              "  record.emailLower = record.email.toLowerCase(); // for the index\n"
                              "  record.kind = 'user';\n"
                              "  delete record.legacy;\n"
                              "  dyno.putItem({ Item: record }, callback);\n"
                              "};\n"),
              "transform: { set: { emailLower: \"${email | lower}\", kind: 'user' }, "
              "remove: [legacy] }");
}

TEST(ScriptAdvice, KnowsASimpleTransform) {
    EXPECT_EQ(step_instead_of("export default { transform(item) {\n"
                              "  item.copy = item.name\n  return item\n} }"),
              "transform: { set: { copy: \"${name}\" } }");
}

TEST(ScriptAdvice, SaysNothingOfScriptsThatDoMore) {
    const auto body = [](const std::string& text) {
        return step_instead_of("export default { transform(item) {\n" + text + "\n} }");
    };
    EXPECT_EQ(body("if (item.a) item.b = 1"), std::nullopt);
    EXPECT_EQ(body("item.n += 1"), std::nullopt);
    EXPECT_EQ(body("item.a = compute(item)\n item.b = 1"), std::nullopt);
    EXPECT_EQ(body("item.a.b = 1"), std::nullopt);
    EXPECT_EQ(body("return item"), std::nullopt);
    EXPECT_EQ(step_instead_of("export const up = (db) => { db.a = 1 }"), std::nullopt);
}

TEST(ScriptAdvice, NotesEachScriptOfADirectory) {
    base::TemporaryDirectory directory;
    base::write_file_atomically(directory.path() / "1.0.0.js",
                                "export default { transform(item) { item.a = 1 } }");
    base::write_file_atomically(directory.path() / "1.1.0.yaml", "up: []");
    const auto notes = advise_on_scripts(directory.path());
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(notes[0].check, "1.0.0.js");
    EXPECT_EQ(notes[0].code, "step_would_do");
    EXPECT_TRUE(advise_on_scripts(directory.path() / "none").empty());
}

}  // namespace
}  // namespace dynamigrate::cli
