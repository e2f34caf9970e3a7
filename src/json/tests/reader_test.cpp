#include <dynamigrate/json/reader.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::json {
namespace {

TEST(Reader, ReadsOneDocumentAfterAnother) {
    Reader reader;
    for (const int wanted : {1, 2, 3}) {
        std::string text = "{\"Count\": " + std::to_string(wanted) + "}";
        text.shrink_to_fit();

        wire::document document = reader.read(text);

        EXPECT_EQ(std::int64_t(document["Count"]), wanted);
    }
}

TEST(Reader, RefusesWhatIsNoJson) {
    Reader reader;
    for (std::string text : {"", "{\"a", "\"\xFF\""}) {
        try {
            translate("answer", [&] { return std::string_view(reader.read(text)).size(); });
            ADD_FAILURE() << text;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::corrupted);
        }
    }
}

TEST(Reader, TranslatesLateErrors) {
    Reader reader;
    std::string text = "{\"Count\": true}";
    wire::document document = reader.read(text);
    try {
        translate("Scan's answer", [&] { return std::int64_t(document["Count"]); });
        ADD_FAILURE();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::corrupted);
        EXPECT_EQ(std::string(error.what()).find("Scan's answer: "), 0u);
    }
}

TEST(Reader, PadsWithoutChangingTheText) {
    std::string text = "[1]";
    text.shrink_to_fit();

    pad(text);

    EXPECT_EQ(text, "[1]");
    EXPECT_GE(text.capacity(), text.size() + simdjson::SIMDJSON_PADDING);
}

}  // namespace
}  // namespace dynamigrate::json
