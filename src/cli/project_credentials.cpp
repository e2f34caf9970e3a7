#include "project_credentials.hpp"

namespace dynamigrate::cli {

std::unique_ptr<aws::CredentialsProvider> make_credentials(const Project& project,
                                                           const aws::Endpoint& endpoint,
                                                           const aws::Surroundings& surroundings) {
    aws::CredentialsOptions options;
    options.profile = project.config.aws_profile;
    options.region = endpoint.region;
    options.endpoint = endpoint.url;
    if (!project.access_key.empty()) {
        options.explicit_credentials =
            aws::Credentials{project.access_key, project.secret_key, "", {}, "configuration"};
    }
    return aws::make_credentials_chain(options, surroundings);
}

}  // namespace dynamigrate::cli
