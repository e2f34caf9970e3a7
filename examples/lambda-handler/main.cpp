/// A Lambda function of one's own that migrates before it does its work: name it `bootstrap` in a
/// function of the runtime provided.al2023. The migrations are built in; where the database is says
/// the environment, by AWS's own variables.
#include <dynamigrate/cli/open.hpp>
#include <dynamigrate/cloud/function.hpp>
#include <dynamigrate/dynamigrate.hpp>
#include <dynamigrate/json/writer.hpp>

#include <cstdlib>
#include <memory>
#include <string>

namespace {

using namespace dynamigrate;

migrate::Registry migrations() {
    migrate::CreateTable visitors;
    visitors.name = "visitors";
    visitors.hash = {"pk", dynamodb::AttributeType::string};
    migrate::Registry registry;
    registry.add(migrate::Migration{"1.0.0", "A table"}.create_table(visitors).down_auto());
    registry.add(migrate::Migration{"2.0.0", "Greet everybody"}
                     .on("visitors")
                     .transform([](migrate::ItemEditor& item) {
                         item.set("greeting", "Hello, " + item.string("pk"));
                     })
                     .down_auto());
    return registry;
}

/// What is kept between invocations, made by the first.
class Handler {
public:
    explicit Handler(base::Log& log) : log_(log) {}

    std::string operator()(const cloud::Deadline& deadline) {
        if (!project_) {
            cli::OpenOptions options;
            options.table = "visitors";
            options.log = &log_;
            project_ = cli::open(options, migrations());
        }
        const migrate::RunnerResult result = project_->runner().migrate(
            {}, {.listener = nullptr, .stop = deadline.stop(), .stop_now = deadline.stop_now()});
        std::string answer;
        json::Writer writer(answer);
        writer.begin_object().key("version").string(project_->runner().status().current_version);
        writer.key("applied").number(result.rows.size());
        writer.key("done").boolean(!result.interrupted).end_object();
        return answer;
    }

private:
    base::Log& log_;
    std::unique_ptr<cli::OpenProject> project_;
};

}  // namespace

int main() {
    return cloud::run_function([](cloud::JsonLog& log) -> cloud::Handler {
        auto handler = std::make_shared<Handler>(log);
        return [handler](const cloud::Invocation&, const cloud::Deadline& deadline) {
            return (*handler)(deadline);
        };
    });
}
