//! Those of Asana to Jira.

use super::{Case, again, code};

pub(super) const REPLIES: &[Case] = &[
    code(
        "asana",
        &[(
            200,
            r#"{"access_token":"a1","expires_in":3600,"token_type":"bearer","refresh_token":"r1","data":{"id":"4673218951","gid":"4673218951","name":"Greg Sanchez","email":"gsanchez@example.com"}}"#,
        )],
    ),
    again(
        "asana",
        &[(
            200,
            r#"{"access_token":"a2","expires_in":3600,"token_type":"bearer","data":{"gid":"4673218951","email":"gsanchez@example.com"}}"#,
        )],
    ),
    again(
        "asana",
        &[(
            400,
            r#"{"error":"invalid_grant","error_description":"The refresh token is invalid."}"#,
        )],
    ),
    code(
        "bitbucket",
        &[(
            200,
            r#"{"scopes":"repository account","access_token":"a1","expires_in":7200,"token_type":"bearer","state":"authorization_code","refresh_token":"r1"}"#,
        )],
    ),
    again(
        "bitbucket",
        &[(
            200,
            r#"{"scopes":"repository account","access_token":"a2","expires_in":7200,"token_type":"bearer","state":"refresh_token","refresh_token":"r1"}"#,
        )],
    ),
    again(
        "bitbucket",
        &[(
            400,
            r#"{"error_description":"Invalid refresh_token","error":"invalid_grant"}"#,
        )],
    ),
    code(
        "calendly",
        &[(
            200,
            r#"{"token_type":"Bearer","access_token":"eyJ1","refresh_token":"r1","scope":"default","created_at":1548689183,"expires_in":7200,"owner":"https://api.calendly.com/users/EBHAAFHDCAEQTSEZ","organization":"https://api.calendly.com/organizations/EBHAAFHDCAEQTSEZ"}"#,
        )],
    ),
    again(
        "calendly",
        &[(
            200,
            r#"{"token_type":"Bearer","access_token":"eyJ2","refresh_token":"r2","scope":"default","created_at":1548689183,"expires_in":7200,"owner":"https://api.calendly.com/users/EBHAAFHDCAEQTSEZ"}"#,
        )],
    ),
    again(
        "calendly",
        &[(
            400,
            r#"{"error":"invalid_grant","error_description":"The provided authorization grant is invalid, expired, revoked, or was issued to another client."}"#,
        )],
    ),
    code(
        "calendly",
        &[(
            401,
            r#"{"error":"invalid_client","error_description":"Client authentication failed due to unknown client."}"#,
        )],
    ),
    code(
        "discord",
        &[(
            200,
            r#"{"access_token":"a1","token_type":"Bearer","expires_in":604800,"refresh_token":"r1","scope":"identify guilds"}"#,
        )],
    ),
    again(
        "discord",
        &[(
            200,
            r#"{"access_token":"a2","token_type":"Bearer","expires_in":604800,"refresh_token":"r2","scope":"identify guilds"}"#,
        )],
    ),
    again("discord", &[(400, r#"{"error":"invalid_grant"}"#)]),
    code(
        "discord",
        &[(
            429,
            r#"{"message":"You are being rate limited.","retry_after":3.5,"global":false}"#,
        )],
    ),
    code(
        "facebook",
        &[
            (
                200,
                r#"{"access_token":"EAA1","token_type":"bearer","expires_in":5183}"#,
            ),
            (
                200,
                r#"{"access_token":"EAA60","token_type":"bearer","expires_in":5183944}"#,
            ),
        ],
    ),
    code(
        "facebook",
        &[
            (
                200,
                r#"{"access_token":"EAA1","token_type":"bearer","expires_in":5183}"#,
            ),
            (
                500,
                r#"{"error":{"message":"An unknown error has occurred.","type":"OAuthException","code":1}}"#,
            ),
        ],
    ),
    again(
        "facebook",
        &[(
            200,
            r#"{"access_token":"EAA61","token_type":"bearer","expires_in":"5183944"}"#,
        )],
    ),
    again(
        "facebook",
        &[(
            400,
            r#"{"error":{"message":"Error validating access token: Session has expired.","type":"OAuthException","code":190,"error_subcode":463,"fbtrace_id":"A"}}"#,
        )],
    ),
    again(
        "facebook",
        &[(
            400,
            r#"{"error":{"message":"Application request limit reached","type":"OAuthException","code":4,"fbtrace_id":"A"}}"#,
        )],
    ),
    code(
        "facebook",
        &[(
            400,
            r#"{"error":{"message":"Error validating client secret.","type":"OAuthException","code":101,"fbtrace_id":"A"}}"#,
        )],
    ),
    code(
        "github",
        &[(
            200,
            r#"{"access_token":"gho_1","token_type":"bearer","scope":"repo,gist"}"#,
        )],
    ),
    code(
        "github",
        &[(200, "access_token=gho_1&scope=repo%2Cgist&token_type=bearer")],
    ),
    again(
        "github",
        &[(
            200,
            r#"{"access_token":"ghu_2","expires_in":28800,"refresh_token":"ghr_2","refresh_token_expires_in":15897600,"scope":"","token_type":"bearer"}"#,
        )],
    ),
    again(
        "github",
        &[(
            200,
            r#"{"error":"bad_refresh_token","error_description":"The refresh token passed is incorrect or expired."}"#,
        )],
    ),
    code(
        "github",
        &[(
            200,
            r#"{"error":"bad_verification_code","error_description":"The code passed is incorrect or expired."}"#,
        )],
    ),
    code(
        "google",
        &[(
            200,
            r#"{"access_token":"ya29.1","expires_in":3599,"refresh_token":"1//r","scope":"https://www.googleapis.com/auth/userinfo.email openid","token_type":"Bearer","id_token":"e.y.J"}"#,
        )],
    ),
    again(
        "google",
        &[(
            200,
            r#"{"access_token":"ya29.2","expires_in":3599,"scope":"openid","token_type":"Bearer"}"#,
        )],
    ),
    again(
        "google",
        &[(
            400,
            r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
        )],
    ),
    code(
        "hubspot",
        &[(
            200,
            r#"{"token_type":"bearer","refresh_token":"r1","access_token":"a1","hub_id":1234567,"scopes":["oauth","crm.objects.contacts.read"],"user_id":293199,"expires_in":1800}"#,
        )],
    ),
    again(
        "hubspot",
        &[(
            200,
            r#"{"token_type":"bearer","refresh_token":"r1","access_token":"a2","expires_in":1800}"#,
        )],
    ),
    again(
        "hubspot",
        &[(
            400,
            r#"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token","correlationId":"3dbe80f6"}"#,
        )],
    ),
    code(
        "hubspot",
        &[(
            400,
            r#"{"status":"BAD_AUTH_CODE","message":"missing or unknown auth code","correlationId":"3dbe80f6"}"#,
        )],
    ),
    again(
        "hubspot",
        &[(
            400,
            r#"{"error":"invalid_grant","error_description":"refresh token is invalid"}"#,
        )],
    ),
    code(
        "jira",
        &[
            (
                200,
                r#"{"access_token":"eyJ1","expires_in":3600,"token_type":"Bearer","refresh_token":"r1","scope":"offline_access read:jira-work"}"#,
            ),
            (
                200,
                r#"[{"id":"1324a887-45db-1bf4-1e99-ef0ff456d421","name":"Acme","url":"https://acme.atlassian.net","scopes":["read:jira-work"],"avatarUrl":"https://x"}]"#,
            ),
        ],
    ),
    code(
        "jira",
        &[
            (
                200,
                r#"{"access_token":"eyJ1","expires_in":3600,"token_type":"Bearer","scope":"read:jira-work"}"#,
            ),
            (200, "[]"),
        ],
    ),
    again(
        "jira",
        &[(
            200,
            r#"{"access_token":"eyJ2","expires_in":3600,"token_type":"Bearer","refresh_token":"r2","scope":"offline_access read:jira-work"}"#,
        )],
    ),
    again(
        "jira",
        &[(
            403,
            r#"{"error":"unauthorized_client","error_description":"refresh_token is invalid"}"#,
        )],
    ),
    code(
        "jira",
        &[(
            401,
            r#"{"error":"unauthorized_client","error_description":"Unauthorized"}"#,
        )],
    ),
];
