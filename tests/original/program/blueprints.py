from sanic import Blueprint
from sanic.response import json

bp = Blueprint('sms')


@bp.route('/sms', methods=['POST'])
async def sms(request):
    # app is registered on each request
    app = request['app']
    return json({'payments': app.get('payment_repository'), 'text': request.json['text']})
