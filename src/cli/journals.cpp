#include "journals.hpp"

#include "project_credentials.hpp"

#include "project.hpp"

#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/aws/shared_config.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/log.hpp>
#include <dynamigrate/remote/s3_objects.hpp>

#include <fmt/format.h>

namespace dynamigrate::cli {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::string_view kS3 = "s3://";
constexpr std::string_view kTable = "table:";

std::string without_slashes_at_end(std::string text) {
    while (text.ends_with('/')) {
        text.pop_back();
    }
    return text;
}

}  // namespace

bool is_remote_journal(std::string_view store) {
    return store.starts_with(kS3) || store.starts_with(kTable);
}

/// What a bucket is reached with.
struct Journals::Bucket {
    aws::SharedConfig shared_config;
    aws::Endpoint endpoint;
    base::SystemChildProcesses programs;
    std::unique_ptr<http::Client> http;
    std::unique_ptr<aws::CredentialsProvider> credentials;
};

struct Journals::Place {
    std::unique_ptr<Bucket> bucket;
    std::unique_ptr<base::ObjectStore> objects;
    std::unique_ptr<base::ObjectStore> over;
    std::unique_ptr<layers::JournalStore> store;
};

Journals::Journals(const Project& project, const JournalSurroundings& surroundings)
    : project_(project),
      surroundings_(surroundings),
      directories_(layers::make_directory_journals(project.settings.journal_directory,
                                                   surroundings.clock)) {}

Journals::~Journals() = default;

std::unique_ptr<Journals> Journals::make_view(const std::filesystem::path& directory) const {
    auto view = std::make_unique<Journals>(project_, surroundings_);
    view->is_view_ = true;
    view->directories_ = layers::make_directory_journals(directory, surroundings_.clock);
    return view;
}

std::string Journals::location(const std::string& run) const {
    return project_.journal_store.empty()
               ? directories_->location(run)
               : without_slashes_at_end(project_.journal_store) + "/" + run;
}

void Journals::begin(const std::string& run) { at(run, location(run)).begin(run); }

bool Journals::holds(const std::string& run, const std::string& at) {
    return this->at(run, at).holds(run, at);
}

std::unique_ptr<layers::Journal> Journals::open(const std::string& run, const std::string& at) {
    return this->at(run, at).open(run, at);
}

void Journals::remove(const std::string& run, const std::string& at) {
    this->at(run, at).remove(run, at);
}

layers::JournalStore& Journals::at(const std::string& run, const std::string& place) {
    const bool is_ours = is_remote_journal(place) && place.ends_with("/" + run);
    return is_ours ? store(place.substr(0, place.size() - run.size() - 1)) : *directories_;
}

layers::JournalStore& Journals::store(const std::string& root) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Place>& known = places_[root];
    if (!known) {
        auto place = std::make_unique<Place>();
        place->objects = open_objects(*place, root);
        base::ObjectStore* objects = place->objects.get();
        if (is_view_) {
            place->over = layers::make_objects_over(*objects);
            objects = place->over.get();
        }
        layers::ObjectJournalOptions options{*objects, surroundings_.clock, surroundings_.random};
        if (root.starts_with(kTable)) {
            options.max_object_bytes = layers::kMaxTableObject;
        }
        place->store = layers::make_object_journals(options);
        known = std::move(place);
    }
    return *known->store;
}

std::unique_ptr<base::ObjectStore> Journals::open_objects(Place& place, const std::string& root) {
    if (!root.starts_with(kTable)) {
        return open_bucket(place, root);
    }
    const std::string table = root.substr(kTable.size());
    if (table.empty() || table.find('/') != std::string::npos) {
        throw Error(ErrorKind::invalid_argument,
                    "a table of journals is written table:NAME, not " + root);
    }
    return layers::make_table_objects(surroundings_.service, table, surroundings_.clock);
}

std::unique_ptr<base::ObjectStore> Journals::open_bucket(Place& place, const std::string& root) {
    const std::string path = root.substr(kS3.size());
    const std::size_t slash = path.find('/');
    const std::string bucket = path.substr(0, slash);
    if (bucket.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    "a bucket of journals is written s3://BUCKET/PREFIX, not " + root);
    }
    const authoring::Config& config = project_.config;
    place.bucket = std::make_unique<Bucket>();
    Bucket& own = *place.bucket;
    own.http = http::make_curl_client(
        {.ca_bundle = surroundings_.environment.get("AWS_CA_BUNDLE").value_or("")});
    own.shared_config = aws::SharedConfig::load(surroundings_.environment);
    own.endpoint = aws::resolve_endpoint(
        "s3",
        {config.journal_region.empty() ? project_.region : config.journal_region,
         config.journal_endpoint, config.aws_profile},
        surroundings_.environment, own.shared_config);
    own.credentials = make_credentials(project_, own.endpoint,
                                       {surroundings_.environment, *own.http, own.programs,
                                        surroundings_.clock, surroundings_.log});
    return remote::make_s3_objects(
        {own.endpoint, bucket,
         slash == std::string::npos ? "" : without_slashes_at_end(path.substr(slash + 1)),
         config.journal_kms_key, *own.http, *own.credentials, surroundings_.clock});
}

}  // namespace dynamigrate::cli
