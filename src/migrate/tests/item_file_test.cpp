#include <dynamigrate/migrate/item_file.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <gtest/gtest.h>

#include <zlib.h>
#include <zstd.h>

namespace dynamigrate::migrate {
namespace {

std::string gzip(const std::string& text) {
    std::string out(compressBound(text.size()) + 64, '\0');
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::string in = text;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string zstd(const std::string& text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
}

class ItemFileTest : public testing::Test {
protected:
    std::vector<std::string> read(const std::string& name, const std::string& bytes,
                                  ItemFormat format = ItemFormat::plain) {
        base::write_file_atomically(directory_.path() / name, bytes);
        auto stream = open_item_file(directory_.path() / name, format);
        std::vector<std::string> items;
        base::Arena arena;
        dynamodb::Item item;
        while (stream->next(arena, item)) {
            items.push_back(dynamodb::to_wire_json(item));
        }
        return items;
    }
    std::string error_of(const std::string& name, const std::string& bytes,
                         ItemFormat format = ItemFormat::plain) {
        try {
            read(name, bytes, format);
        } catch (const base::Error& error) {
            std::string text = error.what();
            std::string path = directory_.path().string() + "/";
            while (text.find(path) != std::string::npos) {
                text.erase(text.find(path), path.size());
            }
            return text;
        }
        return "no error";
    }

    using Items = std::vector<std::string>;
    base::TemporaryDirectory directory_;
};

const std::vector<std::string> kTwo{R"({"id":{"S":"1"},"n":{"N":"10"}})",
                                    R"({"id":{"S":"2, [x] \"}\""}})"};
constexpr const char* kArray =
    "[ {\"id\": \"1\",\n \"n\": 10},\n {\"id\": \"2, [x] \\\"}\\\"\"} ]\n";

TEST_F(ItemFileTest, ReadsArrays) {
    EXPECT_EQ(read("a.json", kArray), kTwo);
    EXPECT_EQ(read("a.json", "\xEF\xBB\xBF[]"), Items{});
    EXPECT_EQ(read("b.json", std::string("{\"Count\": 2, \"Items\": ") + kArray + ", \"x\": {}}"),
              kTwo);
}

TEST_F(ItemFileTest, ReadsCompressedFiles) {
    EXPECT_EQ(read("a.json.gz", gzip(kArray)), kTwo);
    EXPECT_EQ(read("b.json.gz", gzip("[{\"id\": \"1\",") + gzip("\"n\": 10}]")).size(), 1U);
    EXPECT_EQ(read("a.json.zst", zstd(kArray)), kTwo);
    std::string cut = gzip(kArray);
    EXPECT_NE(error_of("c.json.gz", cut.substr(0, cut.size() / 2)).find("c.json.gz: cannot"),
              std::string::npos);
    cut = zstd(kArray);
    EXPECT_NE(error_of("c.json.zst", cut.substr(0, cut.size() - 3)).find("ends too early"),
              std::string::npos);
    EXPECT_NE(error_of("d.json.gz", kArray).find("cannot decompress"), std::string::npos);
}

TEST_F(ItemFileTest, ReadsLinesLongerThanItsBuffer) {
    std::string big(300'000, 'x');
    Items items = read("a.ndjson", "{\"id\": \"1\", \"n\": 10}\r\n\n{\"big\": \"" + big + "\"}");

    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0], kTwo[0]);
    EXPECT_GT(items[1].size(), big.size());
}

TEST_F(ItemFileTest, ReadsDynamoDbJsonAndExports) {
    EXPECT_EQ(read("a.ndjson",
                   "{\"id\":{\"S\":\"1\"},\"n\":{\"N\":\"10\"}}\n"
                   "{\"Item\": {\"id\":{\"S\":\"1\"},\"n\":{\"N\":\"10\"}} }\n"
                   "{\"Item\":{\"S\":\"x\"}}\n",
                   ItemFormat::dynamodb),
              (Items{kTwo[0], kTwo[0], R"({"Item":{"S":"x"}})"}));
}

TEST_F(ItemFileTest, ReadsCsv) {
    EXPECT_EQ(read("a.csv", "id,name,note\r\n1,\"Ann \"\"A\"\"\nLee\",\n\n2,,\"\"\n"),
              (Items{R"({"id":{"S":"1"},"name":{"S":"Ann \"A\"\nLee"}})",
                     R"({"id":{"S":"2"},"note":{"S":""}})"}));
}

TEST_F(ItemFileTest, SaysFileAndLine) {
    EXPECT_TRUE(error_of("a.ndjson", "{\"id\":1}\n{\"id\":}\n").starts_with("a.ndjson:2: "))
        << error_of("a.ndjson", "{\"id\":1}\n{\"id\":}\n");
    EXPECT_TRUE(error_of("a.json", "[{\"id\":1},\n{\n\"id\":}]").starts_with("a.json:3: "));
    EXPECT_TRUE(error_of("b.json", "[{\"id\":1}\n{}]").starts_with("b.json:2: expected ','"));
    EXPECT_TRUE(error_of("c.json", "[{\"id\":1}\n").starts_with("c.json:2: expected ','"));
    EXPECT_TRUE(error_of("d.json", "{\"a\":1}").starts_with("d.json:1: an object without"));
    EXPECT_TRUE(error_of("e.json", "[1]").starts_with("e.json:1: "));
    EXPECT_TRUE(error_of("a.csv", "id,n\n1,2,3\n").starts_with("a.csv:2: 3 fields"));
    EXPECT_TRUE(error_of("b.csv", "id,id\n").starts_with("b.csv:1: attribute name"));
    EXPECT_TRUE(error_of("c.csv", "id\n\"x").starts_with("c.csv:2: a quoted field"));
    EXPECT_TRUE(error_of("a.ndjson", "{\"id\":{\"S\":1}}", ItemFormat::dynamodb)
                    .starts_with("a.ndjson:1: "));
}

TEST_F(ItemFileTest, RefusesOtherNamesAndMissingFiles) {
    EXPECT_NE(error_of("a.txt", "").find("name it .json, .ndjson or .csv"), std::string::npos);
    EXPECT_THROW(open_item_file(directory_.path() / "gone.json", ItemFormat::plain), base::Error);
    EXPECT_EQ(check_item_file_name("x/y.csv.zst"), "");
}

}  // namespace
}  // namespace dynamigrate::migrate
